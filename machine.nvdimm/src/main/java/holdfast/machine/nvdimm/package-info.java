/**
 * The label areas of NVDIMMs, as a guest reaches them through the ACPI methods of its NVDIMM
 * devices: {@code _DSM} over a shared page, and {@code _LSI}, {@code _LSR} and {@code _LSW}.
 *
 * <p>A guest keeps its namespaces in the last {@code label-size} bytes of an NVDIMM's backend,
 * which it has at no address. Its AML lays a request into a page of its memory, writes the page's
 * address to an I/O port, and finds the answer in the page (QEMU, {@code
 * docs/specs/acpi_nvdimm.rst}). An emulator wires that up so:
 *
 * <pre>{@code
 * NvdimmDsm dsm = NvdimmDsm.open(memory, offset -> {
 *   var part = live.readFit(offset);                 // the LiveNvdimmTables of machine.acpi
 *   return new FitReader.Part(part.status(), part.bytes());
 * });
 *
 * void outl(int port, int value) {                   // in the vCPU's thread
 *   if (port == 0x0a18 && Integer.toUnsignedLong(value) == page.value()) {
 *     dsm.answer(page);                              // the reserved page, and no other
 *   }
 * }
 * }</pre>
 *
 * <p><b>Swaps.</b> A label is stored to in the thread of the caller, like any other guest memory.
 * Call what stores from code that is part of a registered {@link holdfast.machine.api.GuestWriter},
 * as a vCPU's thread is: then a region that is swapped carries each label that was acknowledged. A
 * writer that keeps a {@link holdfast.machine.api.DirtyLog} is told of the stores by {@link
 * holdfast.machine.nvdimm.LabelStores}.
 *
 * <p><b>Reading order.</b> {@link holdfast.machine.nvdimm.LabelArea} (the bytes), {@link
 * holdfast.machine.nvdimm.NvdimmDsm} (the shared page), {@link
 * holdfast.machine.nvdimm.LabelMethods} (the methods without it), {@link
 * holdfast.machine.nvdimm.FitReader} (what the tables' owner gives).
 *
 * <p><b>Untrusted input.</b> Whatever a guest asks for, no method here reads or writes outside the
 * label area, throws, or waits for anything but the persist of its own bytes.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.machine.nvdimm;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
