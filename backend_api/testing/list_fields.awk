# Lists what backend.h defines, from the preprocessed header (cc -E -P): one line "struct field kind"
# for every field, kind being "slot" for a function pointer and "field" for the rest.
{ text = text " " $0 }
END {
  while (match(text, /struct +tenon_[a-z0-9_]+ *\{[^}]*\}/)) {
    body = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    name = body
    sub(/^struct +/, "", name)
    sub(/ *\{.*/, "", name)
    sub(/^[^{]*\{/, "", body)
    sub(/\}$/, "", body)
    count = split(body, fields, ";")
    for (i = 1; i <= count; i++) {
      field = fields[i]
      if (field !~ /[a-z]/) continue
      kind = "field"
      if (match(field, /\(\* *[a-z0-9_]+\)/)) {
        field = substr(field, RSTART, RLENGTH)
        gsub(/[()* ]/, "", field)
        kind = "slot"
      } else {
        sub(/ *\[.*/, "", field)
        sub(/ +$/, "", field)
        sub(/.*[ *]/, "", field)
      }
      print name, field, kind
    }
  }
}
