/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.decode.DecodeModel;
import org.lora4j.internal.language.decode.DecoderTensors;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Random weights of a decoder of Llama's parts, made where they lie in the type in which they are stored. */
final class RandomDecoder implements DecoderTensors, AutoCloseable {

    private static final double SPREAD = 0.02;
    private static final int PATTERN = 1 << 20;
    private static final int BITS_OF_HALF = 16;

    private final DecoderConfig config;
    private final DataType type;
    private final byte[] pattern;
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final Map<String, StoredWeight> stored = new LinkedHashMap<>();

    private RandomDecoder(DecoderConfig config, DataType type) {
        this.config = config;
        this.type = type;
        this.pattern = pattern(type);
    }

    static RandomDecoder of(Path directory, DataType type) throws IOException {
        DecoderConfig config = DecoderConfigReader.read(directory, 1 << 10);
        RandomDecoder decoder = new RandomDecoder(config, type);
        int queries = config.heads() * config.headSize();
        int keys = config.keyHeads() * config.headSize();
        decoder.matrix(DecoderPart.WORDS, 0, config.vocabulary(), config.hidden());
        decoder.vector(DecoderPart.FINAL_NORM, 0, ".weight", config.hidden());
        if (!config.tied()) {
            decoder.matrix(DecoderPart.HEAD, 0, config.vocabulary(), config.hidden());
        }
        for (int layer = 0; layer < config.layers().size(); layer++) {
            decoder.vector(DecoderPart.ATTENTION_NORM, layer, ".weight", config.hidden());
            decoder.vector(DecoderPart.MLP_NORM, layer, ".weight", config.hidden());
            decoder.matrix(DecoderPart.QUERY, layer, queries, config.hidden());
            decoder.matrix(DecoderPart.KEY, layer, keys, config.hidden());
            decoder.matrix(DecoderPart.VALUE, layer, keys, config.hidden());
            decoder.matrix(DecoderPart.ATTENTION_OUTPUT, layer, config.hidden(), queries);
            decoder.matrix(DecoderPart.GATE, layer, config.intermediate(), config.hidden());
            decoder.matrix(DecoderPart.UP, layer, config.intermediate(), config.hidden());
            decoder.matrix(DecoderPart.DOWN, layer, config.hidden(), config.intermediate());
        }
        return decoder;
    }

    private static byte[] pattern(DataType type) {
        Random random = new Random(7);
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(PATTERN).order(java.nio.ByteOrder.nativeOrder());
        while (bytes.hasRemaining()) {
            float value = (float) (SPREAD * random.nextGaussian());
            switch (type) {
                case FLOAT -> bytes.putFloat(value);
                case BFLOAT16 -> bytes.putShort((short) (Float.floatToIntBits(value) >>> BITS_OF_HALF));
                case BYTE -> bytes.put((byte) Math.max(-127, Math.min(127, 40 * random.nextGaussian())));
                default -> throw new IllegalArgumentException(type.toString());
            }
        }
        return bytes.array();
    }

    private void matrix(DecoderPart part, int layer, int outputs, int inputs) {
        String module = config.module(part, layer);
        INDArray array = Nd4j.createUninitialized(type, new long[] {outputs, inputs}, 'c');
        long bytes = array.length() * type.width();
        BytePointer memory = new BytePointer(array.data().pointer());
        try (BytePointer source = new BytePointer(pattern)) {
            for (long from = 0; from < bytes; from += PATTERN) {
                Pointer.memcpy(memory.getPointer(BytePointer.class, from), source, Math.min(PATTERN, bytes - from));
            }
        }
        arrays.put(module + ".weight", array);
        if (type != DataType.FLOAT) {
            INDArray scales = Nd4j.valueArrayOf(new long[] {outputs, 1}, SPREAD / 40, DataType.FLOAT);
            StoredWeight weight = type == DataType.INT8 ? new Int8(array, scales) : new HalfPrecision(array);
            // As a model that is loaded.
            boolean isTable = part == DecoderPart.WORDS && !config.tied();
            int rows = isTable ? 0 : DecodeModel.rowsOfTile(weight);
            stored.put(module + ".weight", rows > 0 ? Tiled.overwriting(weight, rows) : weight);
        }
        if (config.biased().contains(part)) {
            vector(part, layer, ".bias", outputs);
        }
    }

    private void vector(DecoderPart part, int layer, String name, int length) {
        arrays.put(config.module(part, layer) + name, Nd4j.ones(DataType.FLOAT, length));
    }

    DecoderConfig config() {
        return config;
    }

    /** What is read for a token. An untied table of words is not. */
    List<INDArray> matrices() {
        return arrays.entrySet().stream()
                .filter(entry -> entry.getValue().rank() == 2)
                .filter(entry ->
                        config.tied() || !entry.getKey().equals(config.module(DecoderPart.WORDS, 0) + ".weight"))
                .map(Map.Entry::getValue)
                .toList();
    }

    long bytes() {
        return matrices().stream()
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }

    @Override
    public INDArray array(String name) {
        return stored.containsKey(own(name)) ? null : arrays.get(own(name));
    }

    @Override
    public Optional<StoredWeight> stored(String name) {
        return Optional.ofNullable(stored.get(own(name)));
    }

    private String own(String name) {
        return config.tied() && name.equals(config.module(DecoderPart.HEAD, 0) + ".weight")
                ? config.module(DecoderPart.WORDS, 0) + ".weight"
                : name;
    }

    @Override
    public void close() {
        arrays.values().forEach(INDArray::close);
    }
}
