package holdfast.machine.migration.internal.stream;

import java.util.Optional;

/**
 * What was read, all of RAM.
 *
 * @param machine the type of the sender's machine; empty if the sender, an old machine, names none
 * @param count what has come
 * @param device the name of the first device whose state follows; empty if there is none, and the
 *     stream has ended
 */
public record ReceivedRam(Optional<String> machine, PageCount count, Optional<String> device) {}
