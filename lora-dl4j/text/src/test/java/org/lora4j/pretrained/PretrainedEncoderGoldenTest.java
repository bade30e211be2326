/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The toy BERT that PEFT's golden cases were made with, read as a directory of Hugging Face's. Its head is over the mean
 * of the hidden states, so the graph is {@link EncoderClassifier#create} over the weights that were read.
 */
class PretrainedEncoderGoldenTest {

    private static final Path CASES = Path.of("../core/src/test/resources/peft");

    /** The tolerance that the cases state, absolute; they allow 1e-4 of the value more. */
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"lora-bert-seqcls", "lora-bert-all-linear-seqcls"})
    void adapterThatPeftTrained_givesPeftsOutputs(String name) throws IOException {
        Path files = CASES.resolve(name);
        Files.copy(files.resolve("base.safetensors"), directory.resolve("model.safetensors"));
        long layers;
        try (SafetensorsReader base = SafetensorsReader.open(files.resolve("base.safetensors"))) {
            layers = base.tensors().keySet().stream()
                    .filter(key -> key.endsWith("query.weight"))
                    .count();
        }
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "bert", "num_hidden_layers": %s, "hidden_size": 8, "num_attention_heads": 2,
                 "intermediate_size": 16, "vocab_size": 24, "max_position_embeddings": 12}
                """.formatted(layers));

        PretrainedEncoder loaded = PretrainedEncoder.load(directory);
        EncoderClassifier classifier = EncoderClassifier.create(loaded.weights(), Pooling.MEAN, 3, 1);
        AdaptedSameDiff model = DefaultAdapter.saved(AdaptedSameDiff.of(classifier.graph()), files);

        INDArray ids = tensor(files, "ids");
        Map<String, INDArray> batch = Map.of(
                EncoderGraph.INPUT_IDS,
                ids.castTo(DataType.INT32),
                EncoderGraph.ATTENTION_MASK,
                Nd4j.ones(DataType.FLOAT, ids.shape()));
        INDArray logits = model.output(batch, EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS);
        assertThat(loaded.skipped()).containsExactly("classifier.bias", "classifier.weight");
        assertThat(logits.ravel().toDoubleVector())
                .containsExactly(tensor(files, "y_adapter").ravel().toDoubleVector(), within(TOLERANCE));
    }

    /** A tensor of the expected values, I64 or F32, as DOUBLE. */
    private static INDArray tensor(Path files, String name) throws IOException {
        try (SafetensorsReader io = SafetensorsReader.open(files.resolve("io.safetensors"))) {
            TensorEntry entry = io.tensor(name);
            ByteBuffer bytes = ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
            io.read(entry, 0, bytes);
            bytes.flip();
            boolean integers = entry.dtype().bits() == Long.SIZE;
            double[] values = new double[bytes.remaining() / (entry.dtype().bits() / Byte.SIZE)];
            for (int i = 0; i < values.length; i++) {
                values[i] = integers ? bytes.getLong() : bytes.getFloat();
            }
            return Nd4j.createFromArray(values).reshape(entry.shape());
        }
    }
}
