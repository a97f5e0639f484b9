# Completion of lengthwise for fish: lengthwise completion fish > ~/.config/fish/completions/lengthwise.fish
@COMMANDS@
@FIRST_WORDS@
@OPTIONS@
