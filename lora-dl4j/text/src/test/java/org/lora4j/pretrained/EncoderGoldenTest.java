/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.ModelFormatException;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.encoder.Buckets;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder of each family with what Transformers and PEFT compute from the same files: hidden states, scores of the head or
 * vectors, with and without an adapter, in DOUBLE. {@code mvn -Pencoder-golden verify} checks gradients and training, too.
 */
class EncoderGoldenTest {

    private static final Path FIXTURES = Path.of("src/test/resources/encoders");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The goldens are of DOUBLE, and their tolerance is 1e-9. */
    private static final double TOLERANCE = 1e-9;

    static Stream<Path> models() throws IOException {
        return folders("models");
    }

    static Stream<Path> malformed() throws IOException {
        return folders("malformed");
    }

    private static Stream<Path> folders(String kind) throws IOException {
        try (Stream<Path> all = Files.list(FIXTURES.resolve(kind))) {
            return all.sorted().toList().stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void outputs_areThoseOfPython(Path directory) throws IOException {
        Map<String, INDArray> golden = golden(directory.resolve("golden.safetensors"));
        PretrainedEncoder model = PretrainedEncoder.load(directory).converted(DataType.DOUBLE);
        boolean vectors = golden.containsKey("pooled");
        boolean types = golden.containsKey("token_type_ids");
        boolean first = directory.getFileName().toString().equals("deberta-v2-own-keys");
        EncoderGraph encoder =
                vectors ? model.encoder(first ? Pooling.CLS : Pooling.MEAN, types) : model.withHead(types);
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, golden.get("input_ids").castTo(DataType.INT32));
        batch.put(EncoderGraph.ATTENTION_MASK, golden.get("attention_mask").castTo(DataType.DOUBLE));
        if (types && model.config().typeVocabulary() > 0) {
            batch.put(EncoderGraph.TOKEN_TYPE_IDS, golden.get("token_type_ids").castTo(DataType.INT32));
        }
        encoder.requireValid(batch);

        AdaptedSameDiff adapted = AdaptedSameDiff.of(encoder.graph());
        String output = vectors ? EncoderGraph.LAST_HIDDEN_STATE : EncoderClassifier.LOGITS;
        INDArray mask = golden.get("attention_mask").castTo(DataType.DOUBLE);

        Map<String, INDArray> base = adapted.output(batch, EncoderGraph.LAST_HIDDEN_STATE, output);
        assertClose(base.get(EncoderGraph.LAST_HIDDEN_STATE), golden.get("last_hidden_state"), mask);
        if (!vectors) {
            assertClose(base.get(output), golden.get("logits"), mask);
        }
        if (Files.exists(directory.resolve("adapter"))) {
            adapted.addAdapter("default", Adapter.load(directory.resolve("adapter")));
            adapted.activate("default");
            String expected = vectors ? "adapter.last_hidden_state" : "adapter.logits";
            if (golden.containsKey(expected)) {
                assertClose(adapted.output(batch, output).get(output), golden.get(expected), mask);
                adapted.merge();
                assertClose(adapted.output(batch, output).get(output), golden.get(expected), mask);
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void damagedDirectory_isRefusedInWordsThatNameWhatIsWrong(Path directory) throws IOException {
        JsonNode about = JSON.readTree(directory.resolve("case.json").toFile());
        String[] words = new String[about.path("message_should_name").size()];
        Arrays.setAll(words, i -> about.path("message_should_name").get(i).asText());

        assertThatThrownBy(() -> PretrainedEncoder.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .message()
                .satisfies(message ->
                        assertThat(message.replace(directory.toString(), "")).contains(words));
    }

    @ParameterizedTest
    @MethodSource("tables")
    void rowsOfRelativePositions_areThoseOfPython(JsonNode table) {
        String function = table.path("function").asText();
        int size = table.path("bucket_size").asInt();
        Buckets buckets = function.startsWith("T5")
                ? Buckets.t5(
                        table.path("num_buckets").asInt(),
                        table.path("max_distance").asInt())
                : function.startsWith("MPNet")
                        ? Buckets.mpnet()
                        : Buckets.deberta(
                                size,
                                table.path("max_position").asInt(),
                                table.path("last").asInt());
        int relative = table.path("first").asInt();
        for (JsonNode bucket : table.path("buckets")) {
            // DeBERTa's table begins at the row of the farthest position, and the farthest ones share it.
            int expected = size == 0 ? bucket.asInt() : Math.max(0, Math.min(2 * size - 1, bucket.asInt() + size));
            assertThat(buckets.row(relative)).as("%s", relative).isEqualTo(expected);
            relative++;
        }
    }

    static Stream<JsonNode> tables() throws IOException {
        JsonNode all = JSON.readTree(FIXTURES.resolve("buckets.json").toFile());
        return Stream.iterate(0, i -> i < all.size(), i -> i + 1).map(all::get);
    }

    /** Compares what is no padding. */
    private static void assertClose(INDArray found, INDArray expected, INDArray mask) {
        assertThat(found.length()).isEqualTo(expected.length());
        boolean perToken = expected.rank() > 1 && expected.size(1) == mask.size(1) && expected.size(0) == mask.size(0);
        double[] f = found.dup('c').data().asDouble();
        double[] e = expected.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        double[] kept = mask.dup('c').data().asDouble();
        int width = perToken ? f.length / kept.length : f.length;
        for (int i = 0; i < f.length; i++) {
            if (!perToken || kept[i / width] == 1) {
                assertThat(f[i]).isCloseTo(e[i], within(TOLERANCE + 1e-8 * Math.abs(e[i])));
            }
        }
    }

    static Map<String, INDArray> golden(Path file) throws IOException {
        Map<String, INDArray> all = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                if (!List.of(DType.F64, DType.I64).contains(entry.dtype()) || entry.byteCount() == 0) {
                    continue;
                }
                ByteBuffer bytes = ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
                reader.read(entry, 0, bytes);
                bytes.flip();
                double[] values = new double[bytes.remaining() / Double.BYTES];
                for (int i = 0; i < values.length; i++) {
                    values[i] = entry.dtype() == DType.I64 ? bytes.getLong() : bytes.getDouble();
                }
                all.put(entry.name(), Nd4j.createFromArray(values).reshape(entry.shape()));
            }
        }
        return all;
    }
}
