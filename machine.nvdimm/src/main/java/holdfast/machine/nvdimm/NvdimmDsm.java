package holdfast.machine.nvdimm;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the {@code _DSM} requests that a guest's AML lays into a shared page: the label functions
 * of each NVDIMM (functions 4, 5 and 6 of the "NVDIMM DSM Interface", Intel, revision 1.8), and the
 * function with which {@code _FIT} reads the FIT. The layout of the page and the answers are
 * QEMU's, so that its SSDT, and one like it, works with both.
 *
 * <table>
 *   <caption>Handles</caption>
 *   <tr><td>0</td><td>the root device, which has no functions</td></tr>
 *   <tr><td>1 + slot</td><td>an NVDIMM</td></tr>
 *   <tr><td>0x10000</td><td>private: function 1 reads the FIT from an offset</td></tr>
 * </table>
 *
 * <p>It follows the machine: a device that is plugged can be asked at once, and when one has been
 * removed, nothing is stored into its label any more: a request that was under way is answered as
 * one for no device (status 2). What differs from QEMU: a label is durable when its write is
 * acknowledged; memory that is lost, or can't be made durable, is answered as a hardware error
 * (status 4); and a length of 0 is a success that does nothing.
 *
 * <p>Thread-safe. The answer is made in the caller's thread, which waits for the persist of its own
 * write and for nothing else. It must be part of a registered {@link
 * holdfast.machine.api.GuestWriter}, as a vCPU's thread is: a label and the page are guest memory.
 */
public final class NvdimmDsm implements AutoCloseable {
  /** The size of the shared page in bytes. */
  public static final int PAGE_SIZE = 4096;

  private static final Logger LOG = LoggerFactory.getLogger(NvdimmDsm.class);

  private static final int REVISION = 1;
  private static final int ROOT = 0;
  private static final int PRIVATE = 0x10000;

  private static final int FUNCTIONS = 0;
  private static final int READ_FIT = 1;
  private static final int LABEL_SIZE = 4;
  private static final int READ_LABEL = 5;
  private static final int WRITE_LABEL = 6;

  /** Bit 0 says that there is any function beside function 0 (ACPI 6.4, 9.1.1). */
  private static final int LABEL_FUNCTIONS =
      1 | 1 << LABEL_SIZE | 1 << READ_LABEL | 1 << WRITE_LABEL;

  private static final int PRIVATE_FUNCTIONS = 1 | 1 << READ_FIT;

  private final GuestMemory memory;
  private final FitReader fit;
  private final PluggedNvdimms nvdimms;
  private final LabelMethods methods;
  private final AtomicBoolean told = new AtomicBoolean();

  private NvdimmDsm(GuestMemory memory, FitReader fit, LabelStores stores) {
    this.memory = memory;
    this.fit = fit;
    this.nvdimms = new PluggedNvdimms(memory, stores);
    this.methods = new LabelMethods(nvdimms);
  }

  /**
   * Begins to follow the NVDIMMs of {@code memory}. When this returns, those that are plugged are
   * known.
   *
   * @param fit reads the FIT for {@code _FIT}; {@link FitReader#NONE} if there is none
   */
  public static NvdimmDsm open(GuestMemory memory, FitReader fit) {
    return open(memory, fit, LabelStores.UNLOGGED);
  }

  /**
   * Begins to follow the NVDIMMs of {@code memory}. When this returns, those that are plugged are
   * known.
   *
   * @param fit reads the FIT for {@code _FIT}; {@link FitReader#NONE} if there is none
   * @param stores is told of each store into a label area
   */
  public static NvdimmDsm open(GuestMemory memory, FitReader fit, LabelStores stores) {
    NvdimmDsm opened = new NvdimmDsm(memory, fit, stores);
    memory.addListener(opened.nvdimms);
    return opened;
  }

  /**
   * Returns the label area of the NVDIMM in {@code slot}, from 0, if there is one. It is {@link
   * LabelOutcome#GONE} when the NVDIMM is removed, or this is closed.
   */
  public Optional<LabelArea> label(int slot) {
    return nvdimms.find(slot).flatMap(PluggedNvdimms.Nvdimm::label);
  }

  /** Returns the label methods of the same NVDIMMs. */
  public LabelMethods methods() {
    return methods;
  }

  /**
   * Answers the request in the page at {@code page}, which the emulator has reserved. Whatever is
   * there is overwritten by the answer: compare the value that the guest wrote to the port with the
   * page's address first.
   *
   * @return false if the page has no memory, can't be written, or is lost; then there is no answer,
   *     and the guest finds its request there, or what is left of it
   */
  public boolean answer(GuestAddress page) {
    MemorySegment request = newPage();
    try {
      memory.read(page, request);
      memory.write(page, answer(new DsmRequest(request)));
      return true;
    } catch (GuestMemoryException | IllegalStateException e) {
      LOG.debug("a _DSM request at {} can't be answered", page, e);
      return false;
    }
  }

  /**
   * Answers the request in {@code page}. The page is copied first: who changes it meanwhile changes
   * nothing of what is judged. Of the page as many bytes are written as the answer has.
   *
   * @param page guest memory of {@value #PAGE_SIZE} bytes that can be written
   * @return false if the page is lost, or its machine has ended; then there is no answer
   * @throws IllegalArgumentException if the page has another size, or is read-only
   */
  public boolean answer(MemorySegment page) {
    if (page.byteSize() != PAGE_SIZE || page.isReadOnly()) {
      throw new IllegalArgumentException(
          "the shared page has " + PAGE_SIZE + " bytes and can be written, unlike " + page);
    }
    MemorySegment request = newPage();
    try {
      if (!LostPages.copy(page, 0, request, 0, PAGE_SIZE)) {
        return false;
      }
      MemorySegment answer = answer(new DsmRequest(request));
      return LostPages.copy(answer, 0, page, 0, answer.byteSize());
    } catch (IllegalStateException e) {
      LOG.debug("a _DSM request can't be answered", e);
      return false;
    }
  }

  private static MemorySegment newPage() {
    return MemorySegment.ofArray(new byte[PAGE_SIZE]);
  }

  private MemorySegment answer(DsmRequest request) {
    if (request.revision() != REVISION) {
      return DsmAnswer.status(DsmStatus.NOT_SUPPORTED);
    }
    return switch (request.handle()) {
      case ROOT -> ofRoot(request);
      case PRIVATE -> ofPrivate(request);
      default -> ofNvdimm(request);
    };
  }

  private static MemorySegment ofRoot(DsmRequest request) {
    return request.function() == FUNCTIONS
        ? DsmAnswer.functions(0)
        : DsmAnswer.status(DsmStatus.NOT_SUPPORTED);
  }

  private MemorySegment ofPrivate(DsmRequest request) {
    return switch (request.function()) {
      case FUNCTIONS -> DsmAnswer.functions(PRIVATE_FUNCTIONS);
      case READ_FIT -> readFit(request.offset());
      default -> DsmAnswer.status(DsmStatus.NOT_SUPPORTED);
    };
  }

  private MemorySegment readFit(long offset) {
    try {
      FitReader.Part part = fit.read(offset);
      if (part.status() != FitReader.SUCCESS) {
        return DsmAnswer.status(part.status());
      }
      int length = (int) Math.min(part.bytes().byteSize(), FitReader.MAX_BYTES);
      MemorySegment answer = DsmAnswer.withRoomFor(length);
      MemorySegment.copy(part.bytes(), 0, DsmAnswer.data(answer), 0, length);
      return answer;
    } catch (RuntimeException e) {
      if (told.compareAndSet(false, true)) { // a guest can ask as often as it likes
        LOG.error("the guest's FIT can't be read from {} on", offset, e);
      }
      return DsmAnswer.status(DsmStatus.UNKNOWN);
    }
  }

  private MemorySegment ofNvdimm(DsmRequest request) {
    Optional<PluggedNvdimms.Nvdimm> nvdimm = nvdimms.find(request.handle() - 1);
    Optional<LabelArea> label = nvdimm.flatMap(PluggedNvdimms.Nvdimm::label);
    if (request.function() == FUNCTIONS) {
      return DsmAnswer.functions(label.isPresent() ? LABEL_FUNCTIONS : 0);
    }
    if (nvdimm.isEmpty()) {
      return DsmAnswer.status(DsmStatus.NO_DEVICE);
    }
    return label
        .map(area -> ofLabel(request, area))
        .orElseGet(() -> DsmAnswer.status(DsmStatus.NOT_SUPPORTED));
  }

  private static MemorySegment ofLabel(DsmRequest request, LabelArea label) {
    return switch (request.function()) {
      case LABEL_SIZE -> DsmAnswer.labelSize(label.reachable(), DsmRequest.MAX_TRANSFER);
      case READ_LABEL -> read(request, label);
      case WRITE_LABEL -> write(request, label);
      default -> DsmAnswer.status(DsmStatus.NOT_SUPPORTED);
    };
  }

  private static MemorySegment read(DsmRequest request, LabelArea label) {
    if (!isTransfer(request, label)) {
      return DsmAnswer.status(DsmStatus.INVALID);
    }
    MemorySegment answer = DsmAnswer.withRoomFor((int) request.length());
    LabelOutcome outcome = label.read(request.offset(), DsmAnswer.data(answer));
    return outcome == LabelOutcome.DONE ? answer : DsmAnswer.status(DsmStatus.of(outcome));
  }

  private static MemorySegment write(DsmRequest request, LabelArea label) {
    return DsmAnswer.status(
        isTransfer(request, label)
            ? DsmStatus.of(label.write(request.offset(), request.data()))
            : DsmStatus.INVALID);
  }

  /** Checks a range; the sum has 64 bits, and can't overflow. */
  private static boolean isTransfer(DsmRequest request, LabelArea label) {
    return request.offset() + request.length() <= label.reachable()
        && request.length() <= DsmRequest.MAX_TRANSFER;
  }

  /** Ends following the machine: from now on there are no NVDIMMs, and no label area is there. */
  @Override
  public void close() {
    memory.removeListener(nvdimms);
    nvdimms.close();
  }
}
