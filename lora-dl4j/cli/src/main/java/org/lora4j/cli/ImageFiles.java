/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.image.Image;
import org.lora4j.image.LabeledImage;

/**
 * Images of one place; all that are damaged are told in one message, unless so many may be left out. <b>Threads.</b> For one thread.
 */
final class ImageFiles {

    private static final List<String> ENDS = List.of(".png", ".jpg", ".jpeg");
    private static final int COLORS = 3;
    private static final int SHOWN = 5;

    private final String place;
    private final CliSettings settings;
    private final List<String> damaged = new ArrayList<>();

    ImageFiles(String place, CliSettings settings) {
        this.place = place;
        this.settings = settings;
    }

    /** The images of a folder that has a folder for each label, in the order of their names. */
    static List<Item<ImageExample>> labeled(Path folder, CliSettings settings, Terminal terminal) {
        String name = MessageText.path(folder);
        if (!Files.isDirectory(folder)) {
            throw CliException.input(name + (Files.exists(folder) ? " is no folder" : ": there is no such folder")
                    + "; expected one that has a folder of images for each label");
        }
        List<Path> files = new ArrayList<>();
        for (Path label : sorted(folder, Files::isDirectory)) {
            files.addAll(sorted(label, ImageFiles::isImage));
        }
        if (files.isEmpty()) {
            throw CliException.input(name + ": no folder in it has an image; expected a folder for each label, with"
                    + " files that end in " + String.join(", ", ENDS));
        }
        ImageFiles images = new ImageFiles(name, settings);
        List<Item<ImageExample>> items = new ArrayList<>();
        long bytes = 0;
        for (Path file : files) {
            Optional<Image> image = images.read(file);
            if (image.isPresent()) {
                bytes += (long) image.get().width() * image.get().height() * COLORS;
                requireRoom(name, bytes, items.size() + 1, files.size());
                String label = file.getName(file.getNameCount() - 2).toString();
                LabeledImage labeled = new LabeledImage(image.get(), label);
                items.add(new Item<>(new ImageExample(file.toString(), labeled), label, ""));
            }
        }
        images.requireFewDamaged(items.isEmpty(), terminal);
        return items;
    }

    /** Images are held as pixels, however small their files are. */
    private static void requireRoom(String name, long bytes, int read, int all) {
        if (bytes > DataFile.room()) {
            throw CliException.input(name + ": the first " + read + " of " + all + " images have "
                    + DataFile.size(bytes) + " as pixels; they are held in memory, and of "
                    + DataFile.size(Runtime.getRuntime().maxMemory()) + " there is room for "
                    + DataFile.size(DataFile.room())
                    + ". Shrink them as they are read: --set longest-edge=512, or take more memory:"
                    + " JAVA_OPTS=-Xmx32g lora4j ...");
        }
    }

    /** An image as the settings want it; empty if it is damaged. */
    Optional<Image> read(Path file) {
        OptionalInt edge = settings.integer(Setting.LONGEST_EDGE);
        if (edge.isPresent() && edge.getAsInt() < 1) {
            throw CliException.usage(Setting.LONGEST_EDGE.key() + " = " + edge.getAsInt() + ", expected 1 or more");
        }
        try {
            Image image = Image.read(file);
            return Optional.of(edge.isPresent() ? image.shrunk(edge.getAsInt()) : image);
        } catch (ModelFormatException e) {
            damaged.add(e.getMessage());
            return Optional.empty();
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Refuses images that could not be read, unless so many may be left out. */
    void requireFewDamaged(boolean all, Terminal terminal) {
        if (damaged.isEmpty()) {
            return;
        }
        String told = place + ": " + damaged.size()
                + (damaged.size() == 1 ? " image cannot be read: " : " images cannot be read: ")
                + String.join("; ", damaged.subList(0, Math.min(SHOWN, damaged.size())))
                + (damaged.size() > SHOWN ? "; and " + (damaged.size() - SHOWN) + " more" : "");
        if (all || damaged.size() > settings.wide(Setting.SKIP_BAD).orElse(0)) {
            throw CliException.input(told + ". Replace them, or leave them out: --skip-bad " + damaged.size());
        }
        terminal.note(told + ". They were left out");
    }

    /** The images of a folder as rows that ask for an answer. */
    static DataFile rows(Path folder, String column) {
        List<DataRow> rows = new ArrayList<>();
        for (Path file : sorted(folder, ImageFiles::isImage)) {
            rows.add(new DataRow(rows.size() + 1L, Map.of(column, file.toString())));
        }
        if (rows.isEmpty()) {
            throw CliException.input(
                    MessageText.path(folder) + " has no image; expected files that end in " + String.join(", ", ENDS));
        }
        return new DataFile(MessageText.path(folder), List.copyOf(rows), Set.of(column), 0);
    }

    private static boolean isImage(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return !Files.isDirectory(file) && ENDS.stream().anyMatch(name::endsWith);
    }

    private static List<Path> sorted(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(path -> !String.valueOf(path.getFileName()).startsWith("."))
                    .filter(wanted)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }
}
