#!/bin/sh
# check_paths.sh FOLDER PROGRAM…: no PROGRAM, debug information included, holds FOLDER's path.
set -eu
folder=$1 code=0
shift
for program in "$@"; do
  [ -s "$program" ] || { echo "$program is not there" && exit 1; }
  ! grep -qaF "$folder" "$program" || { echo "$program holds the path $folder" && code=1; }
done
exit "$code"
