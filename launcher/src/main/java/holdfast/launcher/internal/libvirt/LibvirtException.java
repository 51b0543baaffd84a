package holdfast.launcher.internal.libvirt;

import holdfast.backend.api.HoldfastException;

/** A libvirt domain has no counterpart here. The message is the sentence for the operator. */
final class LibvirtException extends HoldfastException {
  private static final long serialVersionUID = 1;

  LibvirtException(String sentence) {
    super(sentence);
  }
}
