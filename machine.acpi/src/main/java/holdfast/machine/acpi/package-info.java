/**
 * Firmware tables as bytes: by them a guest finds its NVDIMMs (NFIT), asks for their labels and is
 * told of those that come and go (SSDT), and learns on which NUMA node memory is (SRAT). The
 * emulator hands them to its firmware, as it does with its own.
 *
 * <p>Reading order: {@link holdfast.machine.acpi.NvdimmPlatform} (what they say of the machine),
 * {@link holdfast.machine.acpi.NvdimmTables} (the tables), {@link
 * holdfast.machine.acpi.LiveNvdimmTables} (how they follow plug and unplug), {@link
 * holdfast.machine.acpi.FitChunk} and {@link holdfast.machine.acpi.NvdimmNotification} (what a
 * guest is given then).
 *
 * <h2>Wiring it up</h2>
 *
 * An emulator reserves a page of guest memory, gives the tables to its firmware, and answers where
 * the guest writes the page's address to I/O port 0x0A18. Here {@code firmware}, {@code ports} and
 * {@code events} are the emulator's own; {@code NvdimmDsm} and {@code FitReader}, which answer, are
 * of {@code holdfast.machine.nvdimm}. How far the guest's stores have to go is what the machine was
 * asked for with {@code -machine nvdimm-persistence=}, and nothing if nothing was: {@code told} is
 * {@code Holdfast.nvdimmPersistence()}, or the {@link holdfast.machine.api.NvdimmPersistence} whose
 * label is the property {@link holdfast.machine.api.GuestMemory#NVDIMM_PERSISTENCE} of the service.
 * A guest that is told {@code CPU} without that flushes nothing, and loses it with the power.
 *
 * {@snippet :
 * NvdimmPlatform silent = NvdimmPlatform.of(slots, page).withEvents(4, 5);
 * NvdimmPlatform platform = told.map(silent::withPersistence).orElse(silent);
 * LiveNvdimmTables live =
 *     new LiveNvdimmTables(
 *         platform,
 *         what -> events.raise(what.value() == NvdimmNotification.FIT_CHANGED ? 4 : 5));
 * memory.addListener(live);
 * NvdimmTables tables = live.tables();
 * tables.nfit().ifPresent(firmware::add);
 * tables.ssdt().ifPresent(firmware::add);
 * firmware.addToSrat(tables.sratEntries());
 * FitReader fit =
 *     offset -> {
 *       FitChunk chunk = live.readFit(offset);
 *       return new FitReader.Part(chunk.status(), chunk.bytes());
 *     };
 * NvdimmDsm dsm = NvdimmDsm.open(memory, fit);
 * ports.onWrite(
 *     platform.port(),
 *     value -> {
 *       if (Integer.toUnsignedLong(value) == page.value()) {
 *         dsm.answer(page);
 *       }
 *     });
 * }
 *
 * <p>The handler has answered when it returns, so that the guest finds the answer in the page after
 * its {@code out} instruction. It runs in the vCPU's thread, which is part of a registered {@link
 * holdfast.machine.api.GuestWriter}. The value comes from the guest: no other page than the
 * reserved one is answered in, or a guest could have any of its memory overwritten. A firmware that
 * chooses the page itself ({@link holdfast.machine.acpi.NvdimmTables#pageAddressOffset}) tells the
 * emulator, which compares with that.
 *
 * <h2>The shared page</h2>
 *
 * Numbers have their lowest byte first.
 *
 * <table>
 * <caption>What is in it</caption>
 * <tr><th>offset</th><th>request</th><th>answer</th></tr>
 * <tr><td>0</td><td>the handle: 0 for the root device, slot + 1 for an NVDIMM, 0x10000 for what
 *     these tables ask for themselves</td><td>the length, which counts itself</td></tr>
 * <tr><td>4</td><td>the revision, 1</td><td>the result, which begins with a status, but for
 *     function 0</td></tr>
 * <tr><td>8</td><td>the function</td><td></td></tr>
 * <tr><td>12</td><td>the arguments; zeros behind them</td><td></td></tr>
 * </table>
 *
 * <p>Function 1 of handle 0x10000 reads the FIT: the argument is an offset, the result a status and
 * the bytes of a {@link holdfast.machine.acpi.FitChunk}. All else is the device's.
 *
 * <p>This package makes no device registers and raises no interrupt.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.acpi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
