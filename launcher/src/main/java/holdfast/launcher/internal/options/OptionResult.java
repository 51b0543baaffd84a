package holdfast.launcher.internal.options;

/** What an option that is not refused comes to. */
public sealed interface OptionResult permits ParsedObject, HelpText {}
