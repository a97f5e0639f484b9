#compdef lengthwise
# Completion of lengthwise for zsh. In ~/.zshrc, after compinit: eval "$(lengthwise completion zsh)"
_lengthwise() {
  local current=${words[CURRENT]} previous=${words[CURRENT - 1]}
  local -a found
  if (( CURRENT == 2 )); then
    found=(
@COMMANDS@
    )
    _describe command found
  elif [[ $current == --*=* || $previous == --* ]]; then
    if [[ $current == --*=* ]]; then
      previous=${current%%=*}
      compset -P '*='
    fi
    case $previous in
@VALUES@
      *) _files ;;
    esac
  elif [[ $current == -* ]]; then
    case ${words[2]} in
@OPTIONS@
    esac
    _describe option found
  elif (( CURRENT == 3 )); then
    case $previous in
@FIRST_WORDS@
      *) _files ;;
    esac
  else
    _files
  fi
}
compdef _lengthwise lengthwise
