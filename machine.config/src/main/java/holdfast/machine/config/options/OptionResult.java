package holdfast.machine.config.options;

import org.osgi.annotation.versioning.ProviderType;

/** The result of an option that is not refused. */
@ProviderType
public sealed interface OptionResult permits ParsedObject, HelpText {}
