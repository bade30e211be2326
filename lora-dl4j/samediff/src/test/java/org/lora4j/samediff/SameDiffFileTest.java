/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.samediff.StoredGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Files of SameDiff that a stranger may have changed. Without the checks, one byte of an array's shape ends the JVM. */
class SameDiffFileTest {

    /** What a writer may leave unused at the end of a file. */
    private static final int PADDING = 8;

    @TempDir
    private Path directory;

    /** A class that a training configuration must not make. */
    public static final class ForeignUpdater extends Sgd {
        private static final long serialVersionUID = 1L;
    }

    /** A graph with what files have: arrays of several types and orders, properties, arguments, a training configuration. */
    static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        SDVariable weight =
                graph.var("w", Nd4j.linspace(0, 1, 6, DataType.FLOAT).reshape('f', 3, 2));
        SDVariable bias = graph.constant("b", Nd4j.createFromArray(1.0f, -1.0f));
        SDVariable ids = graph.constant("ids", Nd4j.createFromArray(0L, 1L, 1L));
        SDVariable table =
                graph.constant("t", Nd4j.linspace(0, 1, 4, DataType.DOUBLE).reshape(2, 2));
        SDVariable hidden = graph.nn.relu(graph.nn.linear("linear", x, weight, bias), 0);
        SDVariable rows = graph.gather("rows", table, ids, 0).castTo(DataType.FLOAT);
        graph.loss.meanSquaredError(
                "loss",
                hidden.mul(2.0),
                rows.get(org.nd4j.autodiff.samediff.SDIndex.all(), org.nd4j.autodiff.samediff.SDIndex.all()),
                null);
        graph.setLossVariables("loss");
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(0.1))
                .dataSetFeatureMapping("x")
                .skipBuilderValidation(true)
                .build());
        return graph;
    }

    private static byte[] bytes(SameDiff graph) {
        ByteBuffer buffer = graph.asFlatBuffers(true);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    void file_ofSameDiff_givesTheSameGraph() throws Exception {
        SameDiff graph = graph();
        Path file = directory.resolve("graph.fb");
        graph.save(file.toFile(), true);
        Map<String, INDArray> input =
                Map.of("x", Nd4j.linspace(-1, 1, 9, DataType.FLOAT).reshape(3, 3));

        SameDiff read = SameDiffFile.read(file);

        assertThat(read.output(input, "loss").get("loss"))
                .isEqualTo(graph.output(input, "loss").get("loss"));
        assertThat(read.getTrainingConfig()).isEqualTo(graph.getTrainingConfig());
        assertThat(read.getLossVariables()).containsExactly("loss");
    }

    @Test
    void file_withAnotherHash_isRefusedBeforeItIsRead() throws Exception {
        byte[] bytes = bytes(graph());
        String hash = sha256(bytes);

        assertThat(SameDiffFile.of("base", bytes).expecting(hash).graph().hasVariable("w"))
                .isTrue();

        Arrays.fill(bytes, (byte) 0x7f);
        assertThatThrownBy(() -> SameDiffFile.of("base", bytes).expecting(hash).graph())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("expected " + hash);
    }

    @Test
    void file_longerThanAllowed_isRefused() throws Exception {
        Path file = directory.resolve("graph.fb");
        byte[] bytes = bytes(graph());
        Files.write(file, bytes);

        assertThat(SameDiffFile.of(file).atMost(bytes.length).graph().hasVariable("w"))
                .isTrue();
        assertThatThrownBy(() -> SameDiffFile.of(file).atMost(bytes.length - 1).graph())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("longer than " + (bytes.length - 1) + " bytes");
    }

    @Test
    void directoryOrNothing_isNoFile() {
        assertThatThrownBy(() -> SameDiffFile.read(directory)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> SameDiffFile.read(directory.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void trainingConfiguration_thatNamesAnotherClass_isRefusedUnlessAllowed() throws Exception {
        SameDiff graph = graph();
        graph.getTrainingConfig().setUpdater(new ForeignUpdater());
        SameDiffFile file = SameDiffFile.of("base", bytes(graph));

        assertThatThrownBy(file::graph)
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(ForeignUpdater.class.getName())
                .hasMessageContaining("allowing(TheClass.class)");
        assertThat(file.allowing(ForeignUpdater.class)
                        .graph()
                        .getTrainingConfig()
                        .getUpdater())
                .isInstanceOf(ForeignUpdater.class);
    }

    @Test
    void arrayOfTexts_isRefused() {
        SameDiff graph = SameDiff.create();
        graph.constant("texts", Nd4j.create("a", "b"));

        assertThatThrownBy(() -> SameDiffFile.of("base", bytes(graph)).graph())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("array of texts");
    }

    @Test
    void anyTruncation_isRefused() {
        byte[] bytes = bytes(graph());

        for (int length = 0; length < bytes.length - PADDING; length++) {
            byte[] part = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> StoredGraph.verify("part", part, Set.of()))
                    .isInstanceOf(ModelFormatException.class);
        }
    }

    // Values of arrays and names may be anything, so that not every change is damage: but each is judged, and no change
    // lets
    // the reader leave the file.
    @Test
    void anyChangedByte_isJudgedWithADocumentedException() {
        byte[] bytes = bytes(graph());
        int refused = 0;

        for (int i = 0; i < bytes.length; i++) {
            for (int change : new int[] {0x01, 0x80, 0xff}) {
                byte[] changed = bytes.clone();
                changed[i] ^= (byte) change;
                refused += isRefused(changed) ? 1 : 0;
            }
        }
        assertThat(refused).isGreaterThan(bytes.length / 2);
    }

    // In the JVM of the test: the crash of a native call ends it, and with it the build.
    @Test
    @Tag("thorough")
    void anyChangedByte_thatIsAccepted_isReadAndWrittenWithoutNativeCrash() throws Exception {
        byte[] bytes = bytes(graph());
        int read = 0;

        for (int i = 0; i < bytes.length; i++) {
            for (int change : new int[] {0x01, 0x10, 0x80, 0xff}) {
                byte[] changed = bytes.clone();
                changed[i] ^= (byte) change;
                read += isReadAndWritten(changed) ? 1 : 0;
            }
        }
        assertThat(read).isGreaterThan(bytes.length);
    }

    private static boolean isReadAndWritten(byte[] file) throws Exception {
        SameDiff graph;
        try {
            graph = SameDiffFile.of("changed", file).withUpdater().graph();
        } catch (ModelFormatException e) {
            return false;
        }
        try {
            bytes(graph);
        } catch (RuntimeException e) {
            // What was read need not be a whole graph.
        }
        return true;
    }

    private static boolean isRefused(byte[] file) {
        try {
            StoredGraph.verify("changed", file, Set.of());
            return false;
        } catch (ModelFormatException e) {
            assertThat(e.getMessage().getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(4096);
            return true;
        }
    }

    @Test
    void write_isReadBackBeforeItIsVisible_whateverTheGraphTakes() throws Exception {
        SameDiff plain = graph();
        SameDiff bfloat16 = SameDiff.create();
        bfloat16.constant("w", Nd4j.ones(DataType.BFLOAT16, 2)).castTo("y", DataType.FLOAT);
        SameDiff lookup = SameDiff.create();
        lookup.gather(
                "rows",
                lookup.constant("table", Nd4j.rand(DataType.FLOAT, 4, 2)),
                lookup.placeHolder("ids", DataType.INT32, -1, -1),
                0);
        SameDiff noise = SameDiff.create();
        noise.nn().dropout("y", noise.placeHolder("x", DataType.FLOAT, -1, 4), 0.5);
        SameDiff picky = SameDiff.create();
        picky.reshape("y", picky.placeHolder("x", DataType.FLOAT, -1, -1), 7, 11);
        Path file = directory.resolve("graph.fb");

        for (SameDiff graph : List.of(plain, bfloat16, lookup, noise, picky)) {
            SameDiffFile.write(graph, file);
            assertThat(SameDiffFile.read(file).variableMap().keySet())
                    .containsAll(graph.variableMap().keySet());
        }
    }

    /** Two numbers that are kept or not come out twice by chance, once in four times. */
    @Test
    void write_ofAGraphThatDrawsFewNumbers_isNeverRefused() throws Exception {
        SameDiff noise = SameDiff.create();
        noise.nn().dropout("y", noise.placeHolder("x", DataType.FLOAT, -1, 1), 0.5);
        for (int i = 0; i < 60; i++) {
            SameDiffFile.write(noise, directory.resolve("noise.fb"));
        }
    }

    @Test
    void probe_namesWhatIsOtherwise() throws Exception {
        SameDiff meant = graph();
        SameDiff values = graph();
        values.getVariable("w").getArr().addi(1e-6f);
        SameDiff added = graph();
        added.getVariable("loss").add("more", 1);
        Path file = directory.resolve("other.fb");

        values.save(file.toFile(), false);
        assertThatThrownBy(() -> GraphProbe.requireSame(meant, file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("\"w\" has other values");
        added.save(file.toFile(), false);
        assertThatThrownBy(() -> GraphProbe.requireSame(meant, file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its ops take or make other variables");
    }

    @Test
    void read_ofBfloat16_givesTheValuesThatTheStockReaderTurnsAround() throws Exception {
        INDArray values = Nd4j.createFromArray(new float[][] {{1, -2.5f}, {0x1p-130f, 3e38f}})
                .castTo(DataType.BFLOAT16);
        SameDiff graph = SameDiff.create();
        graph.constant("w", values);
        graph.constant("none", Nd4j.empty(DataType.BFLOAT16));
        Path file = directory.resolve("bfloat16.fb");
        graph.save(file.toFile(), false);

        assertThat(SameDiffFile.read(file).getVariable("w").getArr().castTo(DataType.FLOAT))
                .isEqualTo(values.castTo(DataType.FLOAT));
        // 1 is 3F80, and 803F is the subnormal number -63 x 2^-133. If this fails, ND4J reads it right, and
        // Bfloat16Bytes has nothing to do any more.
        assertThat(SameDiff.load(file.toFile(), false)
                        .getVariable("w")
                        .getArr()
                        .castTo(DataType.FLOAT)
                        .getFloat(0))
                .isEqualTo(-63 * 0x1p-133f);
    }
}
