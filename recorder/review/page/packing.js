// Numbers as recorder/review/packing.py packs them.
const MISSING = -32768;

async function bytesOf(text) {
  const signs = atob(text), bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

// Rows of n counts one after the other; MISSING where there is none.
async function counted(text, rows = 1) {
  const bytes = await bytesOf(text), total = bytes.length / 2, n = total / rows;
  const counts = new Int16Array(total);
  for (let i = 0; i < total; i++) {
    const before = i % n ? counts[i - 1] : 0;
    counts[i] = before + (bytes[i] | (bytes[total + i] << 8));
  }
  return counts;
}

// The same as numbers; null where there is none.
async function unpacked(text, step, rows = 1) {
  const counts = await counted(text, rows), numbers = new Array(counts.length);
  for (let i = 0; i < counts.length; i++) numbers[i] = counts[i] === MISSING ? null : counts[i] * step;
  return numbers;
}
