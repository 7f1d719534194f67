#!/bin/sh
# usage: check.sh PROGRAM BACKENDS MODELS: both pictures are read without a mistake, and what can't be read is refused.
cd "$(dirname "$0")" || exit 1
for picture in notice card; do
  "$1" -b "$2" -m "$3" $picture.png | diff testing/$picture.txt - || { echo "$picture.png was read wrongly"; exit 1; }
done
for refused in "$1 -m $3 missing.png" "$1 -m $3 check.sh" "$1 -m /nonexistent notice.png" "$1 -m $3 -b nobody notice.png"; do
  said=$($refused 2>&1) && { echo "worked: $refused"; exit 1; }
  echo "$said"
done
echo "$said" | grep -q nobody && ! "$1" 2>/dev/null
