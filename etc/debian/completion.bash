# Completion of takt in bash: subcommands and options come from the program's own help.

_takt() {
  local word="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="$(takt help 2>/dev/null | awk '/^  [a-z]+ / { print $1 }')"
  elif [[ $word == -* ]]; then
    words="$(takt "$command" --help 2>/dev/null | awk '/^  --/ { print $1 }')"
  else
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _takt takt
