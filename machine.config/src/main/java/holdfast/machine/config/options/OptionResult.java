package holdfast.machine.config.options;

/** The result of an option that is not refused. */
public sealed interface OptionResult permits ParsedObject, HelpText {}
