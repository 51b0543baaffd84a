package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An instruction that accesses device registers, or memory that it may not store into. The engine
 * refused it, and nothing of it was done. It is run alone when its answers are there, with pages in
 * the engine's map that give them; if it loads once more, it is taken back, and run again when that
 * is answered, too.
 *
 * <p>Used under the lock of its engine.
 */
final class Instruction {
  private static final long PAGE = 4096;

  /** So many accesses no instruction has. */
  private static final int MOST = 64;

  private record Piece(long address, int width, long value) {
    long end() {
      return address + width;
    }
  }

  /**
   * An access that it is done with.
   *
   * @param access with what was loaded, or stored
   * @param readOnly the device that its store does not reach
   */
  record Served(Refusal access, Optional<MemoryDevice> readOnly) {}

  /** What came of a try. */
  sealed interface Result {
    /** It is done, and stored this to device registers. */
    record Done(List<Refusal> stores, Outcome outcome) implements Result {}

    /** It loads from this device register, which is not answered. */
    record Asks(Refusal load) implements Result {}

    /** It accesses this, which is not among its pages. */
    record Accesses(Refusal access) implements Result {}

    /** It can't be run now as it was asked for: its pages have memory. */
    record Changed() implements Result {}

    /** The host can't provide a page of a device that can't be stored into. */
    record Missing(MemoryDevice device, GuestAddress page) implements Result {}
  }

  private final UnicornEngine engine;
  private final List<Piece> answers = new ArrayList<>();
  private final List<Piece> dropped = new ArrayList<>();

  /** What it got and gave, in order. */
  private final List<Served> served = new ArrayList<>();

  /** Its pages; those of a device that can't be stored into have that. */
  private final Map<Long, Optional<MemoryDevice>> pages = new LinkedHashMap<>();

  Instruction(UnicornEngine engine) {
    this.engine = engine;
  }

  /** Returns what it got and gave, for {@link #serve}. */
  List<Served> served() {
    return List.copyOf(served);
  }

  /** Gives and drops what another one was served with. */
  void serve(Served one) {
    if (one.access().store()) {
      drop(one.access(), one.readOnly());
    } else {
      answer(one.access(), one.access().value());
    }
  }

  /** Gives what it loads. */
  void answer(Refusal load, long value) {
    add(load, Optional.empty());
    served.add(
        new Served(new Refusal(load.address(), load.width(), false, value), Optional.empty()));
    answers.add(new Piece(load.address().value(), load.width(), value));
  }

  /** Has it store this for nobody: whoever has to know of it knows. */
  void drop(Refusal store, Optional<MemoryDevice> readOnly) {
    add(store, readOnly);
    served.add(new Served(store, readOnly));
    dropped.add(new Piece(store.address().value(), store.width(), store.value()));
  }

  /** Lets it access the pages of this. */
  void add(Refusal access, Optional<MemoryDevice> readOnly) {
    long first = access.address().value() & -PAGE;
    long last = (access.address().value() + access.width() - 1) & -PAGE;
    pages.put(first, readOnly);
    pages.put(last, readOnly);
  }

  /** Returns whether it has more pages than an instruction can have. */
  boolean endless() {
    return pages.size() + answers.size() + dropped.size() > MOST;
  }

  /** Tries it. */
  Result run() {
    List<Long> shown = new ArrayList<>();
    Registers registers = new Registers();
    try (Arena arena = Arena.ofConfined()) {
      for (Map.Entry<Long, Optional<MemoryDevice>> page : pages.entrySet()) {
        Optional<Result> obstacle = show(page.getKey(), page.getValue(), arena);
        if (obstacle.isPresent()) {
          return obstacle.get();
        }
        shown.add(page.getKey());
      }
      engine.callbacks().serve(registers);
      engine.save();
      Outcome outcome;
      do {
        engine.admit();
        outcome = engine.run(1);
      } while (outcome instanceof Outcome.Stopped && engine.cell().budget() == 1);
      return result(registers, outcome);
    } finally {
      engine.callbacks().serve(null);
      for (long page : shown) {
        hide(page, pages.getOrDefault(page, Optional.empty()));
      }
    }
  }

  private Result result(Registers registers, Outcome outcome) {
    if (outcome instanceof Outcome.Lost) {
      return new Result.Done(List.of(), outcome); // whatever else it met: it got an empty page
    }
    if (registers.asked.isPresent()) {
      engine.restore();
      return new Result.Asks(registers.asked.get());
    }
    if (outcome instanceof Outcome.Refused(Refusal access)) {
      engine.restore();
      return new Result.Accesses(access);
    }
    return new Result.Done(registers.stores(), outcome);
  }

  /** Shows a page; returns what keeps it from that. */
  private Optional<Result> show(long page, Optional<MemoryDevice> readOnly, Arena arena) {
    if (readOnly.isEmpty()) {
      return engine.mapDevice(page, PAGE) == UnicornLibrary.ERR_OK
          ? Optional.empty()
          : Optional.of(new Result.Changed());
    }
    MemoryDevice device = readOnly.get();
    MemorySegment copy = arena.allocate(PAGE, PAGE);
    long offset = page - device.address().value();
    try {
      MemorySegment.copy(device.segment(), offset, copy, 0, PAGE);
    } catch (InternalError lost) {
      return Optional.of(new Result.Missing(device, new GuestAddress(page)));
    }
    if (engine.unmap(page, PAGE) != UnicornLibrary.ERR_OK) {
      return Optional.of(new Result.Changed());
    }
    if (engine.map(page, PAGE, copy.address(), true) != UnicornLibrary.ERR_OK) {
      hide(page, readOnly);
      return Optional.of(new Result.Changed());
    }
    return Optional.empty();
  }

  private void hide(long page, Optional<MemoryDevice> readOnly) {
    engine.unmap(page, PAGE);
    readOnly.ifPresent(
        device ->
            engine.map(
                page,
                PAGE,
                // SAFETY: the device is mapped as a whole, so its follower has not let it go
                device.segment().address() + page - device.address().value(),
                false));
  }

  /** The device registers, as the instruction finds them. */
  private final class Registers implements Callbacks.Registers {
    private final List<Piece> stored = new ArrayList<>();
    private Optional<Refusal> asked = Optional.empty();

    /**
     * Unicorn loads at most four bytes at once, so that a load of eight is asked for by its halves;
     * and widens what is not aligned to whole words of eight: what lies around an answer in its
     * words is 0.
     */
    @Override
    public long load(long address, int width) {
      boolean known = false;
      long value = 0;
      for (Piece answer : answers) {
        known |= address < up(answer.end()) && down(answer.address()) < address + width;
        for (int i = 0; i < width; i++) {
          long at = address + i - answer.address();
          if (at >= 0 && at < answer.width()) {
            value |= (answer.value() >>> (at * Byte.SIZE) & 0xff) << (i * Byte.SIZE);
          }
        }
      }
      if (!known) {
        ask(address, width);
      }
      return value;
    }

    private void ask(long address, int width) {
      if (asked.isEmpty()) {
        asked = Optional.of(new Refusal(new GuestAddress(address), width, false, 0));
      } else if (address == asked.get().address().value() + asked.get().width()
          && asked.get().width() + width <= Long.BYTES) {
        asked =
            Optional.of(new Refusal(asked.get().address(), asked.get().width() + width, false, 0));
      }
    }

    private static long down(long address) {
      return address & -Long.BYTES;
    }

    private static long up(long address) {
      return (address + Long.BYTES - 1) & -Long.BYTES;
    }

    @Override
    public void store(long address, int width, long value) {
      for (Piece piece : dropped) {
        if (piece.address() <= address && address + width <= piece.end()) {
          return;
        }
      }
      stored.add(new Piece(address, width, value));
    }

    /** Returns what was stored; what came in pieces of one access is one again. */
    List<Refusal> stores() {
      List<Refusal> whole = new ArrayList<>();
      for (int i = 0; i < stored.size(); i++) {
        Piece piece = stored.get(i);
        long value = piece.value();
        int width = piece.width();
        while (i + 1 < stored.size()
            && stored.get(i + 1).address() == piece.address() + width
            && width + stored.get(i + 1).width() <= Long.BYTES) {
          Piece next = stored.get(++i);
          value |= next.value() << (width * Byte.SIZE);
          width += next.width();
        }
        whole.add(new Refusal(new GuestAddress(piece.address()), width, true, value));
      }
      return whole;
    }
  }
}
