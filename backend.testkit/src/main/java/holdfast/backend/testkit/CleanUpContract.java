package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Sentences;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests that a failed allocation leaves everything as it was. */
interface CleanUpContract extends Contract {

  @Test
  @DisplayName("a file that was made for a block that could not be mapped is removed again")
  default void aFileThatWasMadeIsRemovedAgain() {
    RamBlockSpec spec = fixture().spec(fixture().folder().resolve("new"), RamFlag.RAM_SHARED);
    refuseMappings();
    fixture().assertRefused(MappingException.class, spec);
    assertEquals(Set.of(), fixture().leaks().newFiles());
  }

  @Test
  @DisplayName("an empty file that was grown for a block that could not be mapped is emptied again")
  default void anEmptyFileIsEmptiedAgain() throws IOException {
    Path path = Files.createFile(fixture().folder().resolve("empty"));
    refuseMappings();
    fixture().assertRefused(MappingException.class, fixture().spec(path, RamFlag.RAM_SHARED));
    assertEquals(0, Files.size(path));
  }

  @Test
  @DisplayName("a file with content is untouched by a block that could not be mapped")
  default void aFileWithContentIsUntouched() throws IOException {
    Path path = fixture().file("full");
    refuseMappings();
    for (RamFlag[] flags :
        new RamFlag[][] {{RamFlag.RAM_SHARED}, {}, {RamFlag.RAM_SHARED, RamFlag.RAM_READONLY}}) {
      fixture().assertRefused(MappingException.class, fixture().spec(path, flags));
      assertArrayEquals(AllocatorFixture.content(AllocatorFixture.SIZE), Files.readAllBytes(path));
    }
  }

  @Test
  @DisplayName("policy require: a shortfall leaves neither a block nor a file")
  default void aShortfallUnderPolicyRequireLeavesNothing() throws RamBlockException {
    RamBlockSpec spec =
        fixture()
            .spec(fixture().folder().resolve("new"), RamFlag.RAM_SHARED, RamFlag.RAM_PMEM)
            .withPolicy(DurabilityPolicy.REQUIRE);
    assumeFalse(fixture().isAllowed(spec), "no shortfall on " + fixture().storage());
    DurabilityException refusal = fixture().assertRefused(DurabilityException.class, spec);
    Sentences.assertNames(refusal, refusal.durability().reason());
    assertEquals(Set.of(), fixture().leaks().newFiles());
    fixture().allocator().allocate(spec.withPolicy(DurabilityPolicy.WARN)).close();
  }

  private void refuseMappings() {
    int fixed = fixture().libc().constants().mapFixed();
    fixture().libc().with(Fault.ofMmapWith(fixed, Errno.ENOMEM));
  }
}
