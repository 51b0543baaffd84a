package holdfast.launcher.internal.libvirt;

import holdfast.machine.config.options.Excerpt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UnsupportedEncodingException;
import java.math.BigInteger;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

/**
 * An element of a domain's XML.
 *
 * @param file the file, for messages
 */
record Node(Path file, Element element) {
  private static final int LARGEST_FILE = 16 << 20;

  /** The feature of the JDK's parser by which it refuses a DOCTYPE. */
  private static final String NO_DOCTYPE = "http://apache.org/xml/features/disallow-doctype-decl";

  /**
   * The units of sizes; a capital letter alone, or with iB, is binary (libvirt's scaledInteger).
   */
  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("b", 1L),
          Map.entry("bytes", 1L),
          Map.entry("KB", 1_000L),
          Map.entry("k", 1L << 10),
          Map.entry("KiB", 1L << 10),
          Map.entry("MB", 1_000_000L),
          Map.entry("M", 1L << 20),
          Map.entry("MiB", 1L << 20),
          Map.entry("GB", 1_000_000_000L),
          Map.entry("G", 1L << 30),
          Map.entry("GiB", 1L << 30),
          Map.entry("TB", 1_000_000_000_000L),
          Map.entry("T", 1L << 40),
          Map.entry("TiB", 1L << 40));

  /**
   * Reads a file, or what comes from a pipe until its end.
   *
   * @throws LibvirtException if it can't be read, or is not a domain
   */
  static Node domain(Path file) throws LibvirtException {
    try {
      byte[] text;
      try (InputStream in = Files.newInputStream(file)) {
        text = in.readNBytes(LARGEST_FILE + 1); // a pipe has no size that could be asked for
      }
      if (text.length > LARGEST_FILE) {
        throw new LibvirtException(
            shown(file) + " has more than 16M bytes, and is no domain of libvirt");
      }
      Element root = parser().parse(new ByteArrayInputStream(text)).getDocumentElement();
      if (!root.getTagName().equals("domain")) {
        throw new LibvirtException(
            shown(file)
                + " holds a <"
                + root.getTagName()
                + ">, and not a <domain>: write it with virsh dumpxml DOMAIN");
      }
      return new Node(file, root);
    } catch (SAXParseException e) {
      throw new LibvirtException(
          shown(file) + ", line " + e.getLineNumber() + ": " + sentence("" + e.getMessage()));
    } catch (SAXException e) {
      throw new LibvirtException(shown(file) + ": " + e.getMessage());
    } catch (NoSuchFileException e) {
      throw new LibvirtException(
          shown(file)
              + " does not exist: write it with virsh dumpxml DOMAIN"
              + (file.equals(Path.of("-")) ? "; standard input is /dev/stdin" : ""));
    } catch (UnsupportedEncodingException e) {
      // its message is the name alone
      throw new LibvirtException(
          shown(file)
              + " is said to be written in "
              + Excerpt.of("" + e.getMessage())
              + ", an encoding that is not known here: write it in UTF-8");
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
      throw new LibvirtException(shown(file) + " can't be read: " + reason);
    } catch (IOException e) {
      throw new LibvirtException(shown(file) + " can't be read: " + e.getMessage());
    }
  }

  /** Returns the parser's sentence, or ours where its own names the parser's settings. */
  private static String sentence(String theirs) {
    // in every language that the JDK speaks, the feature is named
    return theirs.contains(NO_DOCTYPE)
        ? "a DOCTYPE is not read, since its entities can bring in other files, and more text than"
            + " there is memory for: take it out, and write what its entities stand for in their"
            + " places; virsh dumpxml DOMAIN writes none"
        : theirs;
  }

  private static String shown(Path file) {
    return Excerpt.of(file.toString());
  }

  /** Returns a parser that reads nothing but its input: no entity of the file's own, no DTD. */
  private static DocumentBuilder parser() {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      factory.setFeature(NO_DOCTYPE, true);
      factory.setXIncludeAware(false);
      factory.setExpandEntityReferences(false);
      DocumentBuilder builder = factory.newDocumentBuilder();
      builder.setErrorHandler(THROWING);
      return builder;
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e); // the JDK's own parser has these features
    }
  }

  /** Instead of the JDK's own, which prints. */
  private static final ErrorHandler THROWING =
      new ErrorHandler() {
        @Override
        public void warning(SAXParseException e) {}

        @Override
        public void error(SAXParseException e) throws SAXException {
          throw e;
        }

        @Override
        public void fatalError(SAXParseException e) throws SAXException {
          throw e;
        }
      };

  String name() {
    return element.getTagName();
  }

  /** Returns the elements within it. */
  List<Node> children() {
    List<Node> children = new ArrayList<>();
    for (var child = element.getFirstChild(); child != null; child = child.getNextSibling()) {
      if (child instanceof Element inner) {
        children.add(new Node(file, inner));
      }
    }
    return children;
  }

  /** Returns the first element of a path of names below it. */
  Optional<Node> find(String... path) {
    Optional<Node> at = Optional.of(this);
    for (String name : path) {
      at =
          at.flatMap(
              node -> node.children().stream().filter(one -> one.name().equals(name)).findFirst());
    }
    return at;
  }

  /** Returns its text without blanks around it. */
  String text() {
    return element.getTextContent().strip();
  }

  /** Returns an attribute; empty if it has none of that name. */
  Optional<String> attribute(String name) {
    return element.hasAttribute(name)
        ? Optional.of(element.getAttribute(name).strip())
        : Optional.empty();
  }

  /**
   * Returns the number of bytes that its text and its unit say; the unit is KiB if there is none.
   */
  long bytes() throws LibvirtException {
    return bytes(text(), attribute("unit").orElse("KiB"));
  }

  /** Returns the number of bytes that an attribute, and the attribute {@code unit}, say. */
  long bytes(String attribute) throws LibvirtException {
    return bytes(attribute(attribute).orElse(""), attribute("unit").orElse("KiB"));
  }

  private long bytes(String number, String unit) throws LibvirtException {
    Long factor = UNITS.get(unit);
    if (factor == null) {
      throw no("the unit " + Excerpt.of(unit) + " is none of libvirt's: write KiB, MiB, GiB");
    }
    if (!number.matches("[0-9]{1,19}")) {
      throw no(Excerpt.of(number) + " is not a number of " + unit);
    }
    BigInteger bytes = new BigInteger(number).multiply(BigInteger.valueOf(factor));
    if (bytes.bitLength() > 63) {
      throw no(number + " " + unit + " are more than 63 bits can say");
    }
    return bytes.longValue();
  }

  /** Returns the exception that names this element. */
  LibvirtException no(String problem) {
    return new LibvirtException(shown(file) + ", " + place() + ": " + problem);
  }

  private String place() {
    StringBuilder path = new StringBuilder();
    for (org.w3c.dom.Node at = element; at instanceof Element one; at = at.getParentNode()) {
      path.insert(0, "/" + one.getTagName());
    }
    return path.substring(1);
  }

  /**
   * Requires that it holds nothing but elements of these names.
   *
   * @throws LibvirtException that names the first other one
   */
  void only(Collection<String> known) throws LibvirtException {
    for (Node child : children()) {
      if (!known.contains(child.name())) {
        throw child.no("this element has no counterpart here: take it out, or do without it");
      }
    }
  }
}
