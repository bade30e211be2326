/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;

/**
 * A model directory that Transformers wrote, with what it computes of a batch, and a tokenizer of ours: the word {@code t7} is the id 7, and
 * nothing is put around a text, so that texts are the batch.
 */
public final class EncoderFixture {

    private static final Path ALL = Path.of("../text/src/test/resources/encoders/models");

    private final Path files;
    private final Path directory;
    private final Map<String, double[]> tensors = new HashMap<>();
    private final double[] ids;
    private final double[] mask;

    private EncoderFixture(Path files, Path directory) throws IOException {
        this.files = files;
        this.directory = directory;
        this.ids = tensor("input_ids");
        this.mask = tensor("attention_mask");
    }

    /** Copies a model into a folder, and puts the tokenizer there. */
    static EncoderFixture copy(String name, Path folder) throws IOException {
        Path directory = model(name, folder);
        return new EncoderFixture(ALL.resolve(name), directory);
    }

    /** The same for a model without a batch. */
    public static Path model(String name, Path folder) throws IOException {
        Path directory = Files.createDirectories(folder.resolve(name));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(ALL.resolve(name).resolve(file), directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        String vocabulary =
                IntStream.range(0, 120).mapToObj(i -> "\"t" + i + "\": " + i).collect(Collectors.joining(", "));
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {}},
                 "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "t0", "vocab": {%s}}}
                """.formatted(vocabulary));
        return directory;
    }

    Path directory() {
        return directory;
    }

    /** Changes the text of the config. */
    EncoderFixture config(String from, String to) throws IOException {
        Path config = directory.resolve("config.json");
        String text = Files.readString(config);
        if (!text.contains(from)) {
            throw new IllegalArgumentException(from);
        }
        Files.writeString(config, text.replace(from, to));
        return this;
    }

    int rows() {
        return 4;
    }

    /** The words of a row, those of the padding left out. */
    List<String> words(int row) {
        int length = ids.length / rows();
        List<String> words = new ArrayList<>();
        for (int i = row * length; i < (row + 1) * length; i++) {
            if (mask[i] == 1) {
                words.add("t" + (int) ids[i]);
            }
        }
        return words;
    }

    List<String> texts() {
        return IntStream.range(0, rows())
                .mapToObj(row -> String.join(" ", words(row)))
                .toList();
    }

    /** A tensor of the batch, or of what comes out; read once. */
    double[] tensor(String name) throws IOException {
        double[] known = tensors.get(name);
        if (known == null) {
            known = read(name);
            tensors.put(name, known);
        }
        return known.clone();
    }

    private double[] read(String name) throws IOException {
        try (SafetensorsReader golden = SafetensorsReader.open(files.resolve("golden.safetensors"))) {
            TensorEntry entry = golden.tensor(name);
            ByteBuffer bytes = ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
            golden.read(entry, 0, bytes);
            bytes.flip();
            int width = entry.dtype().bits() / Byte.SIZE;
            boolean integers = entry.dtype().name().startsWith("I");
            double[] values = new double[bytes.remaining() / width];
            for (int i = 0; i < values.length; i++) {
                values[i] = integers ? bytes.getLong() : width == Float.BYTES ? bytes.getFloat() : bytes.getDouble();
            }
            return values;
        }
    }

    /** A row of a tensor, cut to a length. */
    double[] row(String name, int row, int length) throws IOException {
        double[] all = tensor(name);
        double[] cut = new double[length];
        System.arraycopy(all, row * (all.length / rows()), cut, 0, length);
        return cut;
    }
}
