/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/** A folder with a folder of images for each label. */
final class ImageFolder {

    private static final List<String> ENDS = List.of(".png", ".jpg", ".jpeg");

    private ImageFolder() {}

    static List<LabeledImage> read(Path directory, UnaryOperator<Image> change) throws IOException {
        List<LabeledImage> examples = new ArrayList<>();
        Problems damaged = new Problems();
        for (Path label : sorted(directory, Files::isDirectory)) {
            for (Path file : sorted(label, ImageFolder::isImage)) {
                try {
                    Image image = change.apply(Image.read(file));
                    examples.add(new LabeledImage(image, label.getFileName().toString()));
                } catch (ModelFormatException e) {
                    damaged.add(e.getMessage());
                }
            }
        }
        if (!damaged.isEmpty()) {
            throw new ModelFormatException(damaged.message(directory.toString()));
        }
        if (examples.isEmpty()) {
            throw new ModelFormatException(directory
                    + ": no folder in it has an image; expected a folder for each label, with files that end in "
                    + String.join(", ", ENDS) + ". Check the path.");
        }
        return List.copyOf(examples);
    }

    private static boolean isImage(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return !Files.isDirectory(file) && ENDS.stream().anyMatch(name::endsWith);
    }

    private static List<Path> sorted(Path directory, Predicate<Path> wanted) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(path -> !path.getFileName().toString().startsWith("."))
                    .filter(wanted)
                    .sorted()
                    .toList();
        }
    }
}
