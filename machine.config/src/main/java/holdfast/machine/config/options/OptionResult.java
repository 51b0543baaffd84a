package holdfast.machine.config.options;

/** What an option that is not refused comes to. */
public sealed interface OptionResult permits ParsedObject, HelpText {}
