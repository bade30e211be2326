/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors that PyTorch and PEFT wrote, under {@code src/test/resources/peft}; class indices become one-hot rows. */
record GoldenCase(Map<String, INDArray> base, Map<String, INDArray> io) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path PEFT = Path.of("src/test/resources/peft");

    static GoldenCase read(String name) {
        return new GoldenCase(tensors(name + "/base.safetensors"), tensors(name + "/io.safetensors"));
    }

    INDArray io(String key) {
        return java.util.Objects.requireNonNull(io.get(key), key);
    }

    private static Map<String, INDArray> tensors(String file) {
        try {
            ByteBuffer bytes =
                    ByteBuffer.wrap(Files.readAllBytes(PEFT.resolve(file))).order(ByteOrder.LITTLE_ENDIAN);
            byte[] header = new byte[(int) bytes.getLong()];
            bytes.get(header);
            ByteBuffer data = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
            Map<String, INDArray> tensors = new LinkedHashMap<>();
            JSON.readTree(new String(header, StandardCharsets.UTF_8))
                    .properties()
                    .forEach(entry -> tensors.put(entry.getKey(), tensor(entry.getValue(), data)));
            return tensors;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static INDArray tensor(JsonNode header, ByteBuffer data) {
        long[] shape = StreamSupport.stream(header.get("shape").spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
        int length = (int) LongStream.of(shape).reduce(1, (a, b) -> a * b);
        int from = header.get("data_offsets").get(0).asInt();
        boolean indices = header.get("dtype").asText().equals("I64");
        if (indices) {
            INDArray oneHot = Nd4j.zeros(DataType.FLOAT, length, 4);
            for (int i = 0; i < length; i++) {
                oneHot.putScalar(i, data.getLong(from + 8 * i), 1);
            }
            return oneHot;
        }
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = data.getFloat(from + 4 * i);
        }
        return Nd4j.create(values, shape, 'c');
    }
}
