package holdfast.machine.migration.internal.ownership;

import holdfast.backend.api.BackendId;
import java.nio.file.Path;

/**
 * A memory backend's file that takes notes: one with a name, on a file system. A DAX device, memory
 * and a file without a name take none.
 *
 * @param region whose bytes are in it
 * @param path any path of it
 */
public record NotedFile(BackendId region, Path path) {}
