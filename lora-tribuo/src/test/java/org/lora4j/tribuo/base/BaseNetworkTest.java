/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.Bases;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.test.Helpers;

class BaseNetworkTest {

    @TempDir
    private Path folder;

    private Path saved(MultiLayerNetwork network, String name) throws IOException {
        Path file = folder.resolve(name);
        ModelSerializer.writeModel(network, file.toFile(), true);
        return file;
    }

    /** As a process does that does not have the graph: the one that wrote the model finds its own. */
    @Test
    void graphFromMemory_isReadAgainFromWhatItsModelSays() throws IOException {
        BaseNetwork base = BaseNetwork.of(Bases.sameDiff(4, 1), "features");
        BaseReference reference = base.reference();

        BaseNetwork again = new BaseNetwork(reference.kind().restore(base.toBytes(), reference.settings(null)));

        assertThat(again.reference()).isEqualTo(reference);
        assertThat(reference.featureVariable()).isEqualTo("features");
    }

    @Test
    void contentHash_ofTheSameNetworkSavedTwice_isTheSameAndThatOfTheNetworkInMemory() throws Exception {
        MultiLayerNetwork network = Bases.mlp(4, 3, 1);
        Path first = saved(network, "first.zip");
        network.setIterationCount(17);
        Path second = saved(network, "second.zip");
        try (FileSystem zip = FileSystems.newFileSystem(second);
                Stream<Path> entries = Files.list(zip.getPath("/"))) {
            for (Path entry : entries.toList()) {
                Files.setLastModifiedTime(entry, FileTime.from(Instant.parse("2001-02-03T04:05:06Z")));
            }
        }

        assertThat(Files.readAllBytes(first)).isNotEqualTo(Files.readAllBytes(second));
        assertThat(new BaseNetwork(first).contentHash())
                .isEqualTo(new BaseNetwork(second).contentHash())
                .isEqualTo(BaseNetwork.of(network).contentHash())
                .matches("[0-9a-f]{64}");
    }

    @Test
    void contentHash_ofAGraphInAFile_isThatOfTheGraphInMemory() throws Exception {
        ComputationGraph graph = Bases.graph(4, 3, 1);
        Path file = folder.resolve("graph.zip");
        ModelSerializer.writeModel(graph, file.toFile(), false);

        assertThat(new BaseNetwork(file).contentHash())
                .isEqualTo(BaseNetwork.of(graph).contentHash());
    }

    @Test
    void contentHash_ofASameDiffFile_isThatOfTheGraphInMemory() throws Exception {
        SameDiff graph = Bases.sameDiff(4, 1);
        Path file = folder.resolve("graph.fb");
        graph.save(file.toFile(), false);

        assertThat(BaseNetwork.sameDiff(file, "features").contentHash())
                .isEqualTo(BaseNetwork.of(graph, "features").contentHash());
    }

    @Test
    void contentHash_ofNetworksThatDifferInOneValue_differs() {
        MultiLayerNetwork network = Bases.mlp(4, 3, 1);
        String before = BaseNetwork.of(network).contentHash();

        network.params().putScalar(0, network.params().getDouble(0) + 1e-3);

        assertThat(BaseNetwork.of(network).contentHash()).isNotEqualTo(before);
    }

    @Test
    void read_withAnotherHashThanExpected_saysBoth() throws Exception {
        Path file = saved(Bases.mlp(4, 3, 1), "net.zip");
        BaseReference wanted = BaseNetwork.of(Bases.mlp(4, 3, 2)).reference();

        assertThatThrownBy(() -> BaseNetwork.at(file, wanted))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(wanted.contentHash())
                .hasMessageContaining(new BaseNetwork(file).contentHash());
    }

    @Test
    void find_inADirectoryWithOtherFiles_findsTheNetworkByContent() throws Exception {
        MultiLayerNetwork network = Bases.mlp(4, 3, 77);
        BaseReference reference = new BaseReference(
                BaseKind.MULTI_LAYER_NETWORK, hashOf(network), Optional.empty(), "", Pooling.MEAN, 0, 0);
        Files.writeString(folder.resolve("aaa.txt"), "no network");
        Files.write(folder.resolve("bbb.zip"), new byte[] {'P', 'K', 0, 0});
        saved(Bases.mlp(4, 3, 5), "ccc.zip");
        Path file = saved(network, "ddd.zip");
        forget(reference.contentHash());

        BaseNetworks.addSearchPath(folder);

        assertThat(BaseNetworks.find(reference))
                .get()
                .satisfies(base -> assertThat(base.path()).contains(file));
    }

    private static String hashOf(MultiLayerNetwork network) {
        return new MultiLayerBody(network).contentHash();
    }

    private static void forget(String hash) {
        assertThat(BaseNetworks.registered(hash)).isEmpty();
    }

    @Test
    void addSearchPath_thatIsNoDirectory_saysSo() {
        assertThatThrownBy(() -> BaseNetworks.addSearchPath(folder.resolve("missing")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing is no directory");
    }

    @Test
    void restore_ofBytes_givesTheSameNetwork() throws Exception {
        MultiLayerBody body = new MultiLayerBody(Bases.mlp(4, 3, 31));
        BaseReference reference =
                new BaseReference(body.kind(), body.contentHash(), Optional.empty(), "", Pooling.MEAN, 0, 0);

        assertThat(BaseNetwork.restore(body.toBytes(), reference).contentHash()).isEqualTo(body.contentHash());
    }

    @Test
    void restore_ofAnEncodersBytes_givesTheSameNetwork() throws Exception {
        EncoderConfig config = EncoderConfig.bert(1, 8, 2, 16, 30, 12, 2);
        SameDiffBody body = SameDiffBody.encoder(
                EncoderGraph.create(EncoderWeights.random(config, 3, DataType.FLOAT), Pooling.MEAN));
        BaseReference reference =
                new BaseReference(body.kind(), body.contentHash(), Optional.empty(), "", Pooling.MEAN, 30, 12);

        BaseNetwork restored = BaseNetwork.restore(body.toBytes(), reference);

        assertThat(restored.contentHash()).isEqualTo(body.contentHash());
        assertThat(restored.inputs()).isEqualTo(body.inputs());
    }

    @Test
    void of_aNetworkWithoutOutputLayer_saysWhatStandsThere() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(2).build())
                .build());
        network.init();

        assertThatThrownBy(() -> BaseNetwork.of(network))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DenseLayer; expected OutputLayer");
    }

    @Test
    void of_aGraphWithoutThatVariable_offersTheClosest() {
        assertThatThrownBy(() -> BaseNetwork.of(Bases.sameDiff(4, 1), "feature"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("featureVariable = \"feature\" is no variable")
                .hasMessageContaining("\"features\"");
    }

    @Test
    void provenance_survivesMarshalling() throws Exception {
        BaseNetwork base = new BaseNetwork(saved(Bases.mlp(4, 3, 1), "net.zip"));

        Helpers.testProvenanceMarshalling(base.getProvenance());
        assertThat(base.getProvenance().getInstanceValues()).containsKey("content-hash");
    }

    @Test
    void aFileThatWasTouched_isTheSameNetwork() throws Exception {
        Path file = saved(Bases.mlp(4, 3, 1), "net.zip");
        String before = new BaseNetwork(file).contentHash();

        Files.setLastModifiedTime(file, FileTime.fromMillis(0));

        assertThat(new BaseNetwork(file).contentHash()).isEqualTo(before);
    }
}
