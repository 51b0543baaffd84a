/** A label writer and reader, and a guest's side of the shared page; for tests. */
package holdfast.machine.nvdimm.labels;
