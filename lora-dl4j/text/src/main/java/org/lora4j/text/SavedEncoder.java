/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.lora4j.error.Arguments;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.AllowedFolders;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.pretrained.Pooling;
import org.lora4j.trust.Receipt;

/** What a saved task says of the encoder that it needs. */
final class SavedEncoder {

    private static final String NAME = "name";
    private static final String HASH = "sha256";

    private SavedEncoder() {}

    static Map<String, Object> fields(TextEncoder encoder) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put(NAME, encoder.name());
        fields.put(HASH, encoder.hash());
        fields.put("hidden", encoder.dimension());
        fields.put("vocabulary", encoder.weights().config().vocabulary());
        fields.put("pooling", encoder.pooling().name());
        fields.put("maxLength", encoder.maxLength());
        fields.put("prefix", encoder.prefixes().text());
        fields.put("queryPrefix", encoder.prefixes().query());
        fields.put("passagePrefix", encoder.prefixes().passage());
        return fields;
    }

    /** Reads the description of a task of a kind, for an encoder. */
    static Map<String, Object> read(Path directory, String task, String loader, TextEncoder encoder)
            throws IOException {
        Map<String, Object> fields = TaskFiles.read(directory);
        Path file = TaskFiles.file(directory);
        if (!task.equals(fields.get("task"))) {
            throw new IncompatibleBaseException(file + ": it is of the task " + MessageText.name(fields.get("task"))
                    + "; expected " + MessageText.name(task) + ", which " + loader
                    + " loads. Call load of the class that saved it.");
        }
        requireSame(file, fields.get("encoder"), encoder);
        return fields;
    }

    private static void requireSame(Path file, Object saved, TextEncoder encoder) throws IOException {
        if (!(saved instanceof Map<?, ?> before)) {
            throw new CorruptAdapterException(
                    file
                            + ": it does not say for which encoder it is; expected an object \"encoder\". Save the task again.");
        }
        Problems problems = new Problems();
        fields(encoder)
                .forEach((field, value) -> problems.check(
                        field.equals(NAME)
                                || value.equals(before.get(field))
                                // Directories of earlier versions do not have it.
                                || field.equals(HASH) && !before.containsKey(HASH)
                                || field.equals(HASH) && encoder.trust().allowsOtherBase(),
                        field + " of the encoder is " + MessageText.name(value) + ", expected "
                                + MessageText.name(before.get(field))));
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(problems.message(file.toString()) + ". Load it with "
                    + MessageText.name(before.get(NAME))
                    + ", and withMaxLength, withPooling or withPrefixes as they were when it was saved.");
        }
    }

    /** Compares what a directory says of its training with the encoder that it is loaded for. */
    static void requireTrusted(Path directory, Optional<Receipt> receipt, TextEncoder encoder) throws IOException {
        encoder.trust().requireReceipt(directory, receipt);
        if (receipt.isPresent()) {
            encoder.trust().compare(MessageText.path(directory), receipt.get(), encoder.hashes());
        }
    }

    /**
     * Opens the encoder that a saved task names.
     *
     * @param loader the call, for messages
     * @param folders in which an encoder that is no published one may be looked for
     */
    static TextEncoder open(Path directory, String loader, Path... folders) throws IOException {
        Arguments.required(directory, loader + ": directory", "a directory that save wrote");
        Arguments.required(folders, loader + ": encoderFolders", "folders, or nothing");
        Arguments.allRequired(Arrays.asList(folders), loader + ": encoderFolders", "a folder");
        Path file = TaskFiles.file(directory);
        if (!(TaskFiles.read(directory).get("encoder") instanceof Map<?, ?> saved)) {
            throw unnamed(file);
        }
        String name = saved.get(NAME) instanceof String text ? text : "";
        if (name.isEmpty()) {
            throw unnamed(file);
        }
        TextEncoder found = NamedEncoder.names().contains(name)
                ? TextEncoder.named(name)
                : TextEncoder.load(find(file, loader, name, folders));
        return asSaved(file, found, saved);
    }

    private static IncompatibleBaseException unnamed(Path file) {
        return new IncompatibleBaseException(
                file + ": it does not name its encoder; expected a name or a path. Give the"
                        + " encoder: load(directory, encoder).");
    }

    private static Path find(Path file, String loader, String name, Path... folders) throws IOException {
        // Beside an ONNX file, and in the folder above it, EncoderFiles looks for the tokenizer and the rest.
        UnaryOperator<Path> top = candidate -> Files.isDirectory(candidate)
                ? candidate
                : candidate.resolve("../..").normalize();
        return AllowedFolders.find(name, top, folders)
                .orElseThrow(() -> new IncompatibleBaseException(file + ": its encoder is " + MessageText.name(name)
                        + ", which "
                        + (folders.length == 0
                                ? "is no published one; expected folders that it may be looked for in. Call " + loader
                                        + "(directory, folder), or load(directory, encoder)."
                                : "is not below " + Problems.quoted(Arrays.asList(folders))
                                        + "; expected it there, in files that are no links to other places. Give its"
                                        + " folder, or the encoder: load(directory, encoder).")));
    }

    /** With the pooling, the prefixes and the longest text that the task was saved with. */
    private static TextEncoder asSaved(Path file, TextEncoder found, Map<?, ?> saved) throws IOException {
        TextEncoder now = found;
        try {
            Pooling pooling = now.poolingNamed(String.valueOf(saved.get("pooling")));
            Prefixes prefixes = new Prefixes(
                    String.valueOf(saved.get("prefix")),
                    String.valueOf(saved.get("queryPrefix")),
                    String.valueOf(saved.get("passagePrefix")));
            int length = saved.get("maxLength") instanceof Integer tokens ? tokens : 0;
            if (!now.pooling().equals(pooling)) {
                now = after(now, now.withPooling(pooling));
            }
            if (!now.prefixes().equals(prefixes)) {
                now = after(now, now.withPrefixes(prefixes));
            }
            return now.maxLength() == length ? now : after(now, now.withMaxLength(length));
        } catch (IllegalArgumentException e) {
            now.close();
            throw new IncompatibleBaseException(
                    file + ": its encoder cannot be had as it says: " + e.getMessage() + " Save the task again.", e);
        }
    }

    private static TextEncoder after(TextEncoder before, TextEncoder next) {
        before.close();
        return next;
    }

    /** Reads what needs an encoder. */
    interface Loader<T> {
        T load(TextEncoder encoder) throws IOException;
    }

    /** Reads a task with an encoder that nobody else has: it is closed if reading fails. */
    static <T> T with(TextEncoder encoder, Loader<T> loader) throws IOException {
        try {
            return loader.load(encoder);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }
}
