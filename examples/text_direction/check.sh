#!/bin/sh
# usage: check.sh PROGRAM BACKENDS MODEL: the upright picture is at 0 degrees, the rotated one at 180.
cd "$(dirname "$0")" || exit 1
said=$("$1" -b "$2" "$3" upright.png rotated.png) || exit 1
echo "$said"
echo "$said" | grep -q '^upright.png: 0 degrees (9[0-9]\.\|^upright.png: 0 degrees (100\.' &&
  echo "$said" | grep -q '^rotated.png: 180 degrees (9[0-9]\.\|^rotated.png: 180 degrees (100\.'
