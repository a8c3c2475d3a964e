#!/bin/sh
# check_relay.sh symbols NM PROGRAM [OTHER]      no code that opens or seals in PROGRAM (and PROGRAM.map, lld's -Map),
#                                                nor in OTHER, the same program built otherwise, if it is there
# check_relay.sh libraries READELF PROGRAM LIST  PROGRAM asks for exactly the shared libraries named in LIST
set -eu
what=$1 tool=$2 program=$3
classes='(request|response|chunk|v1_stream)_(sealer|opener)|sealed_request_reader|key_ring|(open|seal)_v1'
ciphers='hpke[a-z_]*|rsa_key|unpad_(oaep|pkcs1)|aes_256_cbc_[a-z]*'
objects='hpke|rsa_key|rsa_unpad|aes_cbc'
fail() { printf '%s\n' "$*" && exit 1; }
command -v "$tool" >/dev/null || { echo "skipped: there is no $tool" && exit 77; }

symbols() {
  "$tool" -C "$program" >"$program.symbols" || fail "cannot list the symbols of $program"
  # Without its own main the list would be a stripped program's, and prove nothing.
  grep -q ' T main$' "$program.symbols" || fail "$program has no symbols: the check needs an unstripped program"
  bad=$(grep -oE "tp::e2ee::($classes)|tp::crypto::($ciphers)" "$program.symbols" | sort -u || true)
  [ -z "$bad" ] || printf 'forbidden symbols in %s:\n%s\n' "$program" "$bad"
  # Code can be inlined away from the symbols; the linker's map still names the object it came from.
  [ -s "$program.map" ] || fail "$program.map is missing: link with -Wl,-Map"
  members=$(grep -oE "libtp_(e2ee_(envelope|seal|open)[a-z0-9_]*\.a\([^)]*|crypto\.a\(($objects)[^)]*)" "$program.map" |
    sort -u || true)
  [ -z "$members" ] || printf 'forbidden archive members in %s:\n%s\n' "$program" "$members"
  [ -z "$bad$members" ] || exit 1
  echo "$program: nothing that opens or seals among $(wc -l <"$program.symbols") symbols"
}

libraries() {
  wanted=$(grep -v '^#' "$1" | sort)
  found=$("$tool" -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | grep -v '^ld-' | sort)
  [ -n "$found" ] || fail "no list of libraries from $tool"
  [ "$wanted" = "$found" ] || fail "$program needs other shared libraries than $1 says.
wanted: $(echo "$wanted" | tr '\n' ' ')
found:  $(echo "$found" | tr '\n' ' ')"
}

case $what in
  symbols)
    symbols
    program=${4:-}
    [ ! -x "$program" ] || symbols
    ;;
  libraries) libraries "$4" ;;
  *) fail "usage: see the head of $0" ;;
esac
