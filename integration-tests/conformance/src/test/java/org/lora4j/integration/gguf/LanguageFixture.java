/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.gguf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * A golden model of the fixtures with a tokenizer of its own, in which every id is a letter: what llama.cpp says is then ids.
 * Rows of bytes and special tokens are added to its tables, all zero.
 */
final class LanguageFixture {

    private static final int FIRST_LETTER = 0x4E00;
    private static final int BYTES = 256;
    private static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>");

    private final Path source;
    private final int vocabulary;

    LanguageFixture(Path source) throws IOException {
        this.source = source;
        this.vocabulary = (Integer) config().get("vocab_size");
    }

    private Map<String, Object> config() throws IOException {
        return JsonObjects.read(source.resolve("config.json"));
    }

    /** The prompts of the golden texts. */
    List<int[]> prompts() throws IOException {
        List<?> prompts =
                (List<?>) JsonObjects.read(source.resolve("case.json")).get("prompts");
        return prompts.stream()
                .map(prompt ->
                        ((List<?>) prompt).stream().mapToInt(id -> (Integer) id).toArray())
                .toList();
    }

    /** A golden table of ids, a row for each prompt. */
    List<List<Integer>> golden(String key) throws IOException {
        List<Integer> all = numbers("golden.safetensors", key);
        int half = all.size() / 2;
        return List.of(all.subList(0, half), all.subList(half, all.size()));
    }

    /** Golden ids that another program has told. */
    List<Integer> oracle(String key) throws IOException {
        return numbers("oracle.safetensors", key);
    }

    private List<Integer> numbers(String file, String key) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(source.resolve(file))) {
            TensorEntry entry = reader.tensor(key);
            ByteBuffer numbers = reader.map(entry, 0, (int) entry.byteCount());
            List<Integer> ids = new ArrayList<>();
            while (numbers.hasRemaining()) {
                ids.add((int) numbers.getLong());
            }
            return ids;
        }
    }

    /** A model with the tokenizer of another one; what it says is of no use. */
    static Path withTokenizer(Path model, Path tokenizer, Path target) throws IOException {
        Map<?, ?> read = JsonObjects.read(tokenizer.resolve("tokenizer.json"));
        int highest = Stream.concat(
                        ((List<?>) read.get("added_tokens")).stream().map(each -> ((Map<?, ?>) each).get("id")),
                        ((Map<?, ?>) ((Map<?, ?>) read.get("model")).get("vocab")).values().stream())
                .mapToInt(id -> (Integer) id)
                .max()
                .orElseThrow();
        new LanguageFixture(model).write(target, highest + 1);
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(file), target.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        return target;
    }

    /** The ids of a text that the letters spell. */
    static List<Integer> ids(String letters) {
        return letters.chars().map(letter -> letter - FIRST_LETTER).boxed().toList();
    }

    /** Writes the model with its letters. */
    Path write(Path target) throws IOException {
        return write(target, vocabulary + BYTES + SPECIAL.size());
    }

    private Path write(Path target, int rows) throws IOException {
        Files.createDirectories(target);
        Map<String, Object> config = new LinkedHashMap<>(config());
        config.put("vocab_size", rows);
        config.put("eos_token_id", null);
        JsonObjects.write(target.resolve("config.json"), config);
        JsonObjects.write(target.resolve("tokenizer_config.json"), Map.of("bos_token", "<s>", "eos_token", "</s>"));
        JsonObjects.write(target.resolve("tokenizer.json"), tokenizer());
        List<SafetensorsReader> readers = new ArrayList<>();
        try (Stream<Path> files = Files.list(source)) {
            List<TensorSource> tensors = new ArrayList<>();
            for (Path file : files.filter(LanguageFixture::isWeights).toList()) {
                SafetensorsReader reader = SafetensorsReader.open(file);
                readers.add(reader);
                reader.tensors().values().forEach(entry -> tensors.add(padded(reader, entry, rows)));
            }
            SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of());
        } finally {
            for (SafetensorsReader reader : readers) {
                reader.close();
            }
        }
        return target;
    }

    private static boolean isWeights(Path file) {
        return file.getFileName().toString().matches("model.*\\.safetensors");
    }

    private TensorSource padded(SafetensorsReader reader, TensorEntry entry, int rows) {
        long[] shape = entry.shape();
        boolean table =
                shape.length == 2 && shape[0] == vocabulary && entry.name().matches(".*(embed_tokens|lm_head).*");
        if (table) {
            shape[0] = rows;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) entry.dtype().byteCount(shape));
        try {
            reader.read(entry, 0, bytes.slice(0, (int) Math.min(bytes.capacity(), entry.byteCount())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return TensorSource.of(entry.name(), entry.dtype(), shape, bytes);
    }

    private Map<String, Object> tokenizer() {
        Map<String, Object> vocab = new LinkedHashMap<>();
        for (int id = 0; id < vocabulary; id++) {
            vocab.put(String.valueOf((char) (FIRST_LETTER + id)), id);
        }
        for (int value = 0; value < BYTES; value++) {
            vocab.put(String.format(Locale.ROOT, "<0x%02X>", value), vocab.size());
        }
        List<Map<String, Object>> added = new ArrayList<>();
        for (String token : SPECIAL) {
            added.add(Map.of("id", vocab.size(), "content", token, "special", true));
            vocab.put(token, vocab.size());
        }
        Map<String, Object> marks =
                Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", new String(new char[] {0x2581}));
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("byte_fallback", true);
        model.put("unk_token", SPECIAL.get(0));
        model.put("vocab", vocab);
        model.put("merges", List.of());
        return Map.of("added_tokens", added, "normalizer", marks, "model", model);
    }

    /** The file's bytes as text. */
    static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
