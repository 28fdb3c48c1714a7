// Numbers as recorder/review/packing.py packs them.
const MISSING = -32768;

async function counts(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

// Rows of n numbers one after the other; null where there is none.
async function unpacked(text, step, rows = 1) {
  const bytes = await counts(text), total = bytes.length / 2, n = total / rows;
  const numbers = new Int16Array(total);
  for (let i = 0; i < total; i++) {
    const before = i % n ? numbers[i - 1] : 0;
    numbers[i] = before + (bytes[i] | (bytes[total + i] << 8));
  }
  return Array.from(numbers, (it) => (it === MISSING ? null : it * step));
}
