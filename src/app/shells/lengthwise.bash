# Completion of lengthwise for bash. In ~/.bashrc: eval "$(lengthwise completion bash)"
_lengthwise() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=
  # bash takes --name=value apart at the sign.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $COMP_CWORD -eq 1 ]]; then
    words='@COMMANDS@ --help --version'
  elif [[ $current == -* ]]; then
    case ${COMP_WORDS[1]} in
@OPTIONS@
    esac
    words="$words --help"
  elif [[ $previous == --* ]]; then
    case $previous in
@VALUES@
    esac
  elif [[ $COMP_CWORD -eq 2 ]]; then
    case $previous in
@FIRST_WORDS@
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _lengthwise lengthwise
