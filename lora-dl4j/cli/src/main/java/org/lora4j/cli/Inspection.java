/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.tokenizer.TokenizerContent;

/** What a file or directory is, told from what is in it; values are looked through, and no native library is loaded. */
final class Inspection {

    static final String SOUND = "sound";

    private static final String WHAT = "what";
    private static final String PROBLEM = "problem";
    private static final Pattern TARGETS = Pattern.compile("targetModules=[^\\]]*\\](, )?");
    private static final Pattern NAME_IN_LAYER = Pattern.compile("\\.\\d+\\.([A-Za-z0-9_.]+)");
    private static final int BUFFER = 1 << 16;
    private static final int MOST_ENTRIES = 10_000;
    private static final int MOST_CARD_LINES = 200;

    private Inspection() {}

    /** What was found, by name. */
    static Map<String, Object> of(Path path, boolean hashes) {
        Map<String, Object> found = new LinkedHashMap<>();
        try {
            if (Files.isDirectory(path)) {
                directory(path, found);
            } else {
                file(path, found);
            }
            found.putIfAbsent(SOUND, true);
        } catch (IOException | RuntimeException e) {
            found.putIfAbsent(WHAT, "unknown");
            found.put(SOUND, false);
            found.put(PROBLEM, FailureWords.words(e));
        }
        if (hashes) {
            found.put("sha256", hashes(path));
        }
        return found;
    }

    private static void directory(Path path, Map<String, Object> found) throws IOException {
        if (Files.exists(path.resolve(TrainedModel.IMAGE))) {
            task(path.resolve(TrainedModel.IMAGE), found);
        } else if (Files.exists(path.resolve(TrainedModel.TEXT))) {
            task(path.resolve(TrainedModel.TEXT), found);
        } else if (Files.exists(path.resolve(TrainedModel.LANGUAGE))) {
            found.put(WHAT, "language model that lora4j trained");
            Map<String, Object> fields = JsonObjects.read(path.resolve(TrainedModel.LANGUAGE));
            Object base = fields.get("base");
            found.put("base", String.valueOf(base instanceof Map<?, ?> named ? named.get("name") : base));
        }
        if (hasCheckpoints(path)) {
            found.put(WHAT, "checkpoints of a training");
            checkpoints(path, found);
            return;
        }
        if (Files.exists(path.resolve(PeftConfigJson.FILE_NAME))) {
            adapter(path, found);
        } else if (Files.exists(path.resolve("config.json"))) {
            base(path, found);
        } else if (Files.isDirectory(path.resolve("checkpoints"))
                || path.toString().endsWith(".run")) {
            found.put(WHAT, "training that was stopped: \"lora4j train --resume\" goes on with it");
            checkpoints(path.resolve("checkpoints"), found);
        }
        found.putIfAbsent(WHAT, "directory that is no model known here");
        tensors(path, found);
        license(path).ifPresent(license -> found.put("license", license));
    }

    private static void task(Path file, Map<String, Object> found) throws IOException {
        Map<String, Object> fields = JsonObjects.read(file);
        found.put(
                WHAT,
                ImageLearner.SAVED.equals(fields.get("task"))
                        ? "classifier of images that lora4j trained"
                        : "text task that lora4j trained");
        found.put("task", String.valueOf(fields.get("task")));
        if (fields.get("encoder") instanceof Map<?, ?> encoder) {
            found.put("base", String.valueOf(encoder.get("name")));
        }
        if (fields.get("labels") instanceof List<?> labels) {
            found.put("labels", labels.size() + ": " + MessageText.values(labels));
        }
        if (fields.get("report") instanceof Map<?, ?> report) {
            String metric = String.valueOf(report.get("metric"));
            if (report.get("after") instanceof Number after) {
                found.put(metric, after);
            }
        }
    }

    private static void adapter(Path path, Map<String, Object> found) throws IOException {
        found.putIfAbsent(WHAT, "adapter");
        AdapterConfig config =
                PeftConfigJson.read(path.resolve(PeftConfigJson.FILE_NAME)).config();
        found.put("method", config.peftType());
        found.put("targets", targets(config.targetModules().toString()));
        found.put("settings", TARGETS.matcher(config.toString()).replaceFirst(""));
        if (config.baseModelName() != null) {
            found.putIfAbsent("base", config.baseModelName());
        }
    }

    /** Modules of many layers by their last names, as people choose them. */
    private static String targets(String selector) {
        Matcher names = NAME_IN_LAYER.matcher(selector);
        Set<String> last = new LinkedHashSet<>();
        while (names.find()) {
            last.add(names.group(1));
        }
        return last.isEmpty() ? selector : String.join(", ", last);
    }

    private static void base(Path path, Map<String, Object> found) throws IOException {
        Map<String, Object> config = JsonObjects.read(path.resolve("config.json"));
        found.putIfAbsent(WHAT, "model of Hugging Face");
        for (String field : List.of("model_type", "architectures", "hidden_size", "num_hidden_layers", "vocab_size")) {
            if (config.get(field) != null) {
                found.put(field, config.get(field));
            }
        }
        found.put("tokenizer", TokenizerContent.isThere(path.resolve("tokenizer.json")));
    }

    private static boolean hasCheckpoints(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.anyMatch(file -> String.valueOf(file.getFileName()).matches("checkpoint-\\d+\\.safetensors"));
        }
    }

    private static void checkpoints(Path folder, Map<String, Object> found) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                found.put(
                        "files",
                        files.map(file -> String.valueOf(file.getFileName()))
                                .sorted()
                                .toList());
            }
        }
    }

    private static void tensors(Path path, Map<String, Object> found) throws IOException {
        Map<String, TensorEntry> tensors = TensorFiles.of(path);
        if (!tensors.isEmpty()) {
            told(tensors, found);
            for (Path file : TensorFiles.in(path)) {
                requireFinite(file);
            }
        }
    }

    private static void told(Map<String, TensorEntry> tensors, Map<String, Object> found) {
        found.put("tensors", tensors.size());
        found.put("numbers", TensorFiles.values(tensors));
        found.put("stored_as", TensorFiles.types(tensors));
    }

    private static void file(Path path, Map<String, Object> found) throws IOException {
        RegularFile.require(path, "a file");
        found.put(WHAT, "file");
        found.put("bytes", Files.size(path));
        byte[] start = RegularFile.start(path, 4);
        String magic = new String(start, StandardCharsets.ISO_8859_1);
        String name = String.valueOf(path.getFileName());
        if (magic.equals("GGUF")) {
            found.put(WHAT, "GGUF of llama.cpp");
            found.putAll(GgufHeader.read(path));
        } else if (magic.startsWith("PK")) {
            zip(path, found);
        } else if (name.endsWith(".onnx")) {
            found.put(WHAT, "ONNX model");
            found.put(
                    "tensors",
                    org.lora4j.pretrained.OnnxInitializers.read(path).names().size());
        } else if (name.endsWith(".safetensors")) {
            found.put(WHAT, "safetensors");
            try (SafetensorsReader reader = SafetensorsReader.open(path)) {
                told(reader.tensors(), found);
                if (!reader.metadata().isEmpty()) {
                    found.put("metadata", MessageText.value(reader.metadata()));
                }
            }
            requireFinite(path);
        } else {
            found.put(WHAT, "file that is no model known here");
        }
    }

    private static void zip(Path path, Map<String, Object> found) throws IOException {
        List<String> names = new ArrayList<>();
        try (ZipInputStream zip = new ZipInputStream(RegularFile.open(path, "a zip file"))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (names.size() >= MOST_ENTRIES) {
                    throw new IOException("more than " + MOST_ENTRIES + " entries, which no model has");
                }
                names.add(entry.getName());
            }
        }
        boolean network = names.contains("configuration.json");
        boolean torch = names.stream().anyMatch(name -> name.endsWith("data.pkl"));
        found.put(
                WHAT,
                network ? "network of Deeplearning4j" : torch ? "file of PyTorch (a pickle in a zip)" : "zip file");
        found.put("entries", names.size() + ": " + MessageText.values(names));
    }

    /** NaN or an infinity in what a model multiplies by is damage that no header shows. */
    private static void requireFinite(Path file) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                int size = switch (String.valueOf(entry.dtype())) {
                    case "F32" -> 4;
                    case "F16", "BF16" -> 2;
                    default -> 0;
                };
                if (size > 0) {
                    requireFinite(file, reader, entry, size);
                }
            }
        }
    }

    private static void requireFinite(Path file, SafetensorsReader reader, TensorEntry entry, int size)
            throws IOException {
        // The exponent: all ones in what is not finite.
        int mask = size == 4 ? 0x7f800000 : String.valueOf(entry.dtype()).equals("F16") ? 0x7c00 : 0x7f80;
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        for (long from = 0; from < entry.byteCount(); from += BUFFER) {
            buffer.clear().limit((int) Math.min(BUFFER, entry.byteCount() - from));
            reader.read(entry, from, buffer);
            buffer.flip();
            for (int at = 0; at < buffer.limit(); at += size) {
                int bits = size == 4 ? buffer.getInt(at) : buffer.getShort(at);
                if ((bits & mask) == mask) {
                    throw new IOException(MessageText.path(file) + ": " + MessageText.name(entry.name())
                            + " has a number that is not finite at " + (from + at) / size);
                }
            }
        }
    }

    /** The card of a model begins with its license, if it says one. */
    private static Optional<String> license(Path directory) throws IOException {
        Path card = directory.resolve("README.md");
        if (!Files.isRegularFile(card)) {
            return Optional.empty();
        }
        try (BufferedReader text = RegularFile.text(card, "a card")) {
            String line = text.readLine();
            if (line == null || !line.strip().equals("---")) {
                return Optional.empty();
            }
            for (int i = 0; i < MOST_CARD_LINES; i++) {
                line = text.readLine();
                if (line == null || line.strip().equals("---")) {
                    return Optional.empty();
                }
                if (line.startsWith("license:")) {
                    return Optional.of(line.substring("license:".length()).strip());
                }
            }
        }
        return Optional.empty();
    }

    private static Map<String, Object> hashes(Path path) {
        Map<String, Object> hashes = new LinkedHashMap<>();
        try {
            List<Path> files = List.of(path);
            if (Files.isDirectory(path)) {
                try (Stream<Path> all = Files.list(path)) {
                    files = all.filter(Files::isRegularFile).sorted().toList();
                }
            }
            for (Path file : files) {
                hashes.put(String.valueOf(file.getFileName()), hash(file));
            }
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
        return hashes;
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = Sha256.begin();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = new BufferedInputStream(RegularFile.open(file, "a file"))) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
