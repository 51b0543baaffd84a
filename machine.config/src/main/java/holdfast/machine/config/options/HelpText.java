package holdfast.machine.config.options;

/**
 * The answer to {@code help} or {@code ?}: it is printed, and nothing is started.
 *
 * @param text some lines, each with its line feed
 */
public record HelpText(String text) implements OptionResult {}
