/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;

/**
 * Reads images from files of strangers: a PNG or JPEG, told by its first bytes. How large it is, its header says before any pixel is
 * decoded; what ends too early or is damaged is an error, not an image with a grey part.
 *
 * @apiNote Status: internal
 */
public final class ImageFile {

    /** The most pixels of an image: Pillow warns of more. */
    public static final long MOST_PIXELS = 89_478_485L;

    private static final int MOST_BYTES = 1 << 28;
    private static final String EXPECTED = "a PNG or JPEG image";

    /** What libjpeg says where a file is damaged; it goes on with grey pixels by itself. */
    private static final List<String> DAMAGE = List.of("Premature end", "Corrupt JPEG data");

    private ImageFile() {}

    /**
     * Reads an image as a camera wants it shown.
     *
     * @return its pixels in red, green and blue
     * @throws ModelFormatException if it is damaged, of another format or too large
     * @throws IOException if it does not exist or cannot be read
     */
    public static Pixels read(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, EXPECTED, MOST_BYTES, ModelFormatException::new);
        ImageHeader header = ImageHeader.of(bytes)
                .orElseThrow(() -> new ModelFormatException(file + ": the file begins with no image that is known,"
                        + " or ends within its header; expected " + EXPECTED
                        + ". Convert it, or read it with another library into a BufferedImage: Image.of(image)."));
        if (header.width() < 1 || header.height() < 1 || header.width() > MOST_PIXELS / header.height()) {
            throw new ModelFormatException(file + ": its header says " + header.width() + " x " + header.height()
                    + " pixels; expected 1 x 1 or more, and at most " + MOST_PIXELS
                    + " together. Nothing was decoded: make the image smaller if it can be trusted.");
        }
        if (!header.whole()) {
            throw new ModelFormatException(file + ": the " + header.format()
                    + " ends early, or a checksum in it is wrong;" + " expected a whole image. Get it again.");
        }
        return BufferedPixels.of(decoded(file, bytes, header)).upright(header.orientation());
    }

    private static BufferedImage decoded(Path file, byte[] bytes, ImageHeader header) throws IOException {
        Iterator<ImageReader> readers =
                ImageIO.getImageReadersByFormatName(header.format().name());
        if (!readers.hasNext()) {
            throw new IllegalStateException("this JVM reads no " + header.format()
                    + " images; expected one with the module java.desktop. Run with a complete JDK.");
        }
        ImageReader reader = readers.next();
        List<String> warnings = new ArrayList<>();
        // Not ImageIO's own stream, which writes a temporary file.
        try (MemoryCacheImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(stream, true, true);
            BufferedImage image = reader.read(0);
            requireWhole(file, warnings);
            requireColors(file, image);
            return image;
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // What readers of the JDK throw for damaged files is of any kind: of indices, of arguments, of null.
            throw new ModelFormatException(
                    file + ": the " + header.format() + " is damaged or of a kind that the JDK cannot read: "
                            + MessageText.value(
                                    e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage())
                            + "; expected " + EXPECTED
                            + " in grey or RGB. Get it again, or convert it, for example from CMYK to RGB.",
                    e);
        } finally {
            reader.dispose();
        }
    }

    /** How inks become light differs between libraries, so that a model would see other colors than in Python. */
    private static void requireColors(Path file, BufferedImage image) throws IOException {
        int space = image.getColorModel().getColorSpace().getType();
        if (space != ColorSpace.TYPE_RGB && space != ColorSpace.TYPE_GRAY) {
            throw new ModelFormatException(file + ": the image has "
                    + image.getColorModel().getNumColorComponents()
                    + " color components that are neither grey nor RGB, such as CMYK for printing; expected " + EXPECTED
                    + " in grey or RGB. Convert it.");
        }
    }

    private static void requireWhole(Path file, List<String> warnings) throws IOException {
        for (String warning : warnings) {
            if (DAMAGE.stream().anyMatch(warning::startsWith)) {
                throw new ModelFormatException(file + ": the image is damaged: " + MessageText.value(warning)
                        + "; expected a whole image. Get it again.");
            }
        }
    }
}
