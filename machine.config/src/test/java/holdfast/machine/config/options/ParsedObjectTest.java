package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static holdfast.machine.config.options.SampleOptions.object;
import static holdfast.machine.config.options.SampleOptions.objectWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What was read holds its values, and its type. */
class ParsedObjectTest {
  @Test
  @DisplayName("a value is parsed once: whoever asks for it gets the very same one")
  void parsedOnce() throws OptionException {
    ParsedObject object = objectWith("align=4k");

    assertSame(object.get(SampleOptions.ALIGN), object.get(SampleOptions.ALIGN));
    assertSame(SampleOptions.MEMORY_BACKEND_FILE, object.type());
  }

  @Test
  @DisplayName("equal values make equal objects, however they were written or set")
  void equalByValues() throws OptionException {
    ParsedObject object = objectWith("align=4k,share=on");

    assertEquals(object, objectWith("share=yes,align=0x1000"));
    assertEquals(object, objectWith("share").with(SampleOptions.ALIGN, new ByteSize(4096)));
    assertEquals(object, objectWith("share").withText("align", "4096"));
    assertEquals(object.hashCode(), objectWith("share=yes,align=0x1000").hashCode());
    assertNotEquals(object, objectWith("align=4k"));
    assertNotEquals(object, objectWith("align=4k,share=on,prealloc-threads=1"));
  }

  @Test
  @DisplayName("text is canonical, and in the order of the definition, whatever was set last")
  void texts() throws OptionException {
    ParsedObject object =
        objectWith("prealloc-threads=0x10").with(SampleOptions.SIZE, ByteSize.mib(2));

    assertEquals(
        List.of(
            "id",
            "size",
            "mem-path",
            "share",
            "pmem",
            "align",
            "rom",
            "prealloc-threads",
            "host-nodes",
            "policy"),
        List.copyOf(object.texts().keySet()));
    assertEquals(Optional.of("2M"), object.text("size"));
    assertEquals(Optional.of("16"), object.text("prealloc-threads"));
    assertEquals(Optional.empty(), object("memory-backend-file,id=m,size=1,mem-path=/f").text("x"));
  }

  @Test
  @DisplayName("text that is not a value of the property, or of none, is refused as in an option")
  void refusedText() throws OptionException {
    ParsedObject object = objectWith("share");

    assertEquals(
        "share=On is neither on nor off: write on or off",
        sentenceOf(() -> object.withText("share", "On")));
    assertEquals(
        "there is no property shar: did you mean share?",
        sentenceOf(() -> object.withText("shar", "on")));
  }

  @Test
  @DisplayName("a property of another type can't be set, though it has the same name")
  void foreignProperty() throws OptionException {
    ParsedObject object = objectWith("share");
    PropertyDefinition<Long> other =
        PropertyDefinition.optional("share", PropertyType.integer(0, 1), "not this one");

    assertThrows(IllegalArgumentException.class, () -> object.with(other, 1L));
    assertThrows(
        IllegalArgumentException.class, () -> object.with(SampleOptions.LABEL_SIZE, ByteSize.ZERO));
    assertThrows(IllegalArgumentException.class, () -> object.find(SampleOptions.LABEL_SIZE));
  }

  @Test
  @DisplayName("differences are named in the order of the definition; each can be taken over")
  void differences() throws OptionException {
    ParsedObject present = objectWith("prealloc-threads=2,share=on");
    ParsedObject next = objectWith("align=4k,share=yes");

    assertEquals(List.of("align", "prealloc-threads"), present.differences(next));
    assertEquals(next, present.withValueOf("align", next).withValueOf("prealloc-threads", next));
    assertEquals(List.of(), next.differences(next));
  }
}
