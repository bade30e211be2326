/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lora4j.error.Arguments;

/**
 * An image and what it is called.
 *
 * @param image the image
 * @param labels one, or any number where an image may have several
 * @apiNote Status: experimental
 */
public record LabeledImage(Image image, List<String> labels) {

    /**
     * Copies the labels.
     *
     * @param image as in the record
     * @param labels as in the record
     */
    public LabeledImage {
        Arguments.required(image, "LabeledImage: image", "an image");
        labels = List.copyOf(Arguments.allRequired(labels, "LabeledImage: labels", "a text"));
    }

    /**
     * An image with one label.
     *
     * @param image the image
     * @param label its label
     */
    public LabeledImage(Image image, String label) {
        this(image, List.of(Arguments.required(label, "LabeledImage: label", "a text")));
    }

    /**
     * Reads the images of a folder that has a folder for each label: every PNG and JPEG in it, in the order of their names.
     * What is hidden, or is no {@code .png}, {@code .jpg} or {@code .jpeg} by its name, is passed over.
     *
     * @param directory the folder
     * @return an example for each image, with the name of its folder as its label
     * @throws org.lora4j.error.ModelFormatException if images are damaged, all of which are in the message, or there is none
     * @throws IOException if a folder or file cannot be read
     */
    public static List<LabeledImage> folder(Path directory) throws IOException {
        Arguments.required(directory, "LabeledImage.folder: directory", "a folder of folders");
        return ImageFolder.read(directory, UnaryOperator.identity());
    }

    /**
     * The same, each image shrunk as soon as it is read, so that many photographs fit into memory.
     *
     * @param directory the folder
     * @param longestEdge as for {@link Image#shrunk}
     * @return as {@link #folder(Path)}
     * @throws IOException as {@link #folder(Path)}
     * @throws IllegalArgumentException if {@code longestEdge} is below 1
     */
    public static List<LabeledImage> folder(Path directory, int longestEdge) throws IOException {
        Arguments.required(directory, "LabeledImage.folder: directory", "a folder of folders");
        return ImageFolder.read(directory, image -> image.shrunk(longestEdge));
    }
}
