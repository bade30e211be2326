/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.Bases;
import org.lora4j.tribuo.Data;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.protos.BaseReferenceProto;
import org.lora4j.tribuo.protos.InputConverterProto;
import org.lora4j.tribuo.protos.LoraModelProto;
import org.lora4j.tribuo.protos.OutputScaleProto;
import org.lora4j.tribuo.protos.TokenInputConverterProto;
import org.nd4j.linalg.learning.config.Sgd;
import org.tribuo.classification.Label;
import org.tribuo.protos.core.ModelDataProto;

/** Models of strangers: no file runs code, is read where nobody allowed it, or fails in another way than promised. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileModelTest {

    private static LoraModelProto good;
    private static BaseNetwork held;

    @TempDir
    private Path folder;

    /** What no file may set. */
    private static volatile boolean codeHasRun;

    /** Runs code when a stream of objects is read that holds one. */
    private static final class Gadget implements Serializable {

        private static final long serialVersionUID = 1L;

        private void readObject(ObjectInputStream in) {
            codeHasRun = true;
        }
    }

    /** Runs code when it is asked for by name. */
    static final class Initialized {

        static {
            codeHasRun = true;
        }

        private Initialized() {}

        public static InputConverter deserializeFromProto(int version, String className, Any message) {
            return new DenseInputConverter(Bases.FEATURES);
        }
    }

    @BeforeAll
    static void train() throws IOException {
        held = BaseNetwork.of(Bases.mlp(4, 3, 1));
        LoraModel<Label> model = LoraTrainer.builder(held, new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .spec(new LoraSpec(2, 4))
                .epochs(1)
                .build()
                .train(Data.corners(7, 1, "a", "b", "c"));
        good = model.serialize().getSerializedData().unpack(LoraModelProto.class);
    }

    @BeforeEach
    void forget() {
        codeHasRun = false;
        BaseNetworks.forgetSearchPaths();
    }

    private static LoraModel<?> read(LoraModelProto proto) throws IOException {
        return LoraModel.deserializeFromProto(0, LoraModel.class.getName(), Any.pack(proto));
    }

    /** A base that this process does not know, as the kinds of files have it. */
    private record Stranger(BaseKind kind, byte[] bytes, String hash) {

        static Stranger of(BaseKind kind, long seed) throws IOException {
            Body body = switch (kind) {
                case MULTI_LAYER_NETWORK -> new MultiLayerBody(Bases.mlp(4, 3, seed));
                case COMPUTATION_GRAPH -> new LayerGraphBody(Bases.graph(4, 3, seed));
                default ->
                    new SameDiffBody(
                            Bases.sameDiff(4, seed), new BaseSettings(null, "", "features", Pooling.MEAN, 0, 0));
            };
            return new Stranger(kind, body.toBytes(), body.contentHash());
        }

        Stranger with(byte[] other) {
            return new Stranger(kind, other, hash);
        }

        private BaseReferenceProto.Builder reference() {
            return good.getBase().toBuilder()
                    .setKind(kind.name())
                    .setContentHash(hash)
                    .setFeatureVariable(kind == BaseKind.SAMEDIFF ? "features" : "");
        }

        LoraModelProto selfContained() {
            return good.toBuilder()
                    .setSelfContained(true)
                    .setBase(reference().setNetwork(ByteString.copyFrom(bytes)))
                    .build();
        }

        LoraModelProto at(Path path) {
            return good.toBuilder()
                    .setBase(reference().setPath(path.toString()))
                    .build();
        }

        BaseReference referenceTo(Path path) {
            return new BaseReference(kind, hash, Optional.of(path), "features", Pooling.MEAN, 0, 0);
        }
    }

    private static byte[] gadget() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new Gadget());
        }
        return bytes.toByteArray();
    }

    /** A zip with more entries, or with others in place of those of the same name. */
    private static byte[] with(byte[] zip, String name, byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip));
                ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (!entry.getName().equals(name)) {
                    out.putNextEntry(new ZipEntry(entry.getName()));
                    out.write(in.readAllBytes());
                }
            }
            out.putNextEntry(new ZipEntry(name));
            out.write(content);
        }
        return bytes.toByteArray();
    }

    @Test
    void theGadget_runsInTheStockReader() throws IOException {
        byte[] zip = with(Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 2).bytes(), "preprocessor.bin", gadget());

        assertThatCode(() -> ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(zip)))
                .isInstanceOf(ClassCastException.class);
        assertThat(codeHasRun).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"MULTI_LAYER_NETWORK", "COMPUTATION_GRAPH"})
    void selfContained_withSerializedObjects_runsNothingOfThem(BaseKind kind) throws IOException {
        Stranger stranger = Stranger.of(kind, 3);
        byte[] zip = with(with(stranger.bytes(), "preprocessor.bin", gadget()), "normalizer.bin", gadget());

        assertThat(read(stranger.with(zip).selfContained()).isAttached()).isTrue();
        assertThat(codeHasRun).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"MULTI_LAYER_NETWORK", "COMPUTATION_GRAPH"})
    void path_toSerializedObjects_runsNothingOfThem(BaseKind kind) throws IOException {
        Stranger stranger = Stranger.of(kind, 4);
        Path file = Files.write(folder.resolve("net.zip"), with(stranger.bytes(), "preprocessor.bin", gadget()));
        BaseNetworks.addSearchPath(folder);

        assertThat(read(stranger.at(file)).isAttached()).isTrue();
        assertThat(new BaseNetwork(file).contentHash()).isEqualTo(stranger.hash());
        assertThat(codeHasRun).isFalse();
    }

    @Test
    void selfContained_thatUnpacksToGigabytes_isRefused() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 5);
        for (String entry : new String[] {"coefficients.bin", "configuration.json"}) {
            byte[] zip = with(stranger.bytes(), entry, new byte[300 << 20]);

            assertThatThrownBy(() -> read(stranger.with(zip).selfContained()))
                    .as(entry)
                    .isInstanceOf(InvalidProtocolBufferException.class)
                    .hasMessageContaining("the network in the model, " + entry);
        }
    }

    @Test
    void selfContained_ofAnotherNetworkThanItsHash_isRefused() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 6);
        byte[] other = Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 7).bytes();

        assertThatThrownBy(() -> read(stranger.with(other).selfContained()))
                .isInstanceOf(InvalidProtocolBufferException.class)
                .hasMessageContaining(stranger.hash());
    }

    @Test
    void selfContained_withAClassThatNetworksAreNotMadeOf_isRefusedUntilItIsAllowed() throws IOException {
        MultiLayerNetwork network = Bases.mlp(4, 3, 8);
        ((DenseLayer) network.getLayerWiseConfigurations().getConf(1).getLayer()).setIUpdater(new OwnUpdater());
        Body body = new MultiLayerBody(network);
        Stranger stranger = new Stranger(body.kind(), body.toBytes(), body.contentHash());
        Path file = Files.write(folder.resolve("net.zip"), stranger.bytes());

        assertThatThrownBy(() -> read(stranger.selfContained()))
                .isInstanceOf(InvalidProtocolBufferException.class)
                .hasMessageContaining(OwnUpdater.class.getName())
                .hasMessageContaining("BaseNetworks.allow(");
        assertThatThrownBy(() -> new BaseNetwork(file)).hasMessageContaining(OwnUpdater.class.getName());
        BaseNetworks.allow(OwnUpdater.class);
        assertThat(read(stranger.selfContained()).isAttached()).isTrue();
        assertThat(new BaseNetwork(file).contentHash()).isEqualTo(stranger.hash());
    }

    /** A class of the caller's own, as layers may be. */
    public static final class OwnUpdater extends Sgd {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void path_outsideOfTheAllowedDirectories_isNotFollowed() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 9);
        Path file = Files.write(folder.resolve("net.zip"), stranger.bytes());

        LoraModel<?> model = read(stranger.at(file));

        assertThat(model.isAttached()).isFalse();
        assertThatThrownBy(() -> model.castModel(Label.class).predict(Data.example("a", 1, 1, 1, 1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("outside of which no path of a model is followed")
                .hasMessageContaining("BaseNetworks.addSearchPath(directory)");
        BaseNetworks.addSearchPath(folder);
        assertThat(read(stranger.at(file)).isAttached()).isTrue();
    }

    @Test
    void path_deepInAnAllowedDirectory_isFollowed() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.SAMEDIFF, 10);
        Path file = Files.write(
                Files.createDirectories(folder.resolve("models/small")).resolve("net.fb"), stranger.bytes());
        BaseNetworks.addSearchPath(folder);

        assertThat(read(stranger.at(file)).isAttached()).isTrue();
        assertThat(read(stranger.at(folder.resolve("models/../models/small/net.fb")))
                        .isAttached())
                .isTrue();
    }

    @Test
    void path_outOfAnAllowedDirectoryByDotsOrLinks_isNotFollowed(@TempDir Path elsewhere) throws IOException {
        Stranger stranger = Stranger.of(BaseKind.MULTI_LAYER_NETWORK, 11);
        Path outside = Files.write(elsewhere.resolve("net.zip"), stranger.bytes());
        Path allowed = Files.createDirectory(folder.resolve("allowed"));
        Path link = Files.createSymbolicLink(allowed.resolve("link.zip"), outside);
        Files.createSymbolicLink(allowed.resolve("linked"), elsewhere);
        BaseNetworks.addSearchPath(allowed);

        assertThat(read(stranger.at(allowed.resolve("../../" + elsewhere.getFileName() + "/net.zip")))
                        .isAttached())
                .isFalse();
        assertThat(read(stranger.at(link)).isAttached()).isFalse();
        assertThat(read(stranger.at(allowed.resolve("linked/net.zip"))).isAttached())
                .isFalse();
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no mkfifo")
    void path_toDevicesAndPipes_isNotRead() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Path device = Files.createSymbolicLink(folder.resolve("zero"), Path.of("/dev/zero"));
        BaseNetworks.addSearchPath(folder);
        for (BaseKind kind : BaseKind.values()) {
            Stranger stranger = new Stranger(kind, new byte[0], "0".repeat(64));
            for (Path path : new Path[] {pipe, device, Path.of("/dev/zero"), Path.of("/proc/self/mem")}) {
                assertThat(read(stranger.at(path)).isAttached())
                        .as("%s %s", kind, path)
                        .isFalse();
                assertThatThrownBy(() -> BaseNetwork.at(path, stranger.referenceTo(path)))
                        .as("%s %s, named by the caller", kind, path)
                        .isInstanceOf(IOException.class);
            }
        }
        assertThatThrownBy(() -> new BaseNetwork(pipe)).isInstanceOf(ModelFormatException.class);
        assertThatThrownBy(() -> new BaseNetwork(device)).isInstanceOf(ModelFormatException.class);
    }

    @Test
    void graph_withOneByteChanged_isRefusedBeforeItIsParsed() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.SAMEDIFF, 12);
        BaseNetworks.addSearchPath(folder);
        for (int at = 0; at < stranger.bytes().length; at++) {
            byte[] changed = stranger.bytes().clone();
            changed[at] ^= (byte) 0x81;
            BaseNetworks.trust(stranger.hash());

            assertThatThrownBy(() -> read(stranger.with(changed).selfContained()))
                    .as("byte %d", at)
                    .isInstanceOf(InvalidProtocolBufferException.class)
                    .hasMessageContaining("the bytes of the graph have the content hash");
        }
        byte[] changed = stranger.bytes().clone();
        changed[100] ^= (byte) 0x81;
        Path file = Files.write(folder.resolve("net.fb"), changed);
        assertThat(read(stranger.at(file)).isAttached()).isFalse();
    }

    @Test
    void graph_ofASelfContainedModel_isReadOnceItIsTrusted() throws IOException {
        Stranger stranger = Stranger.of(BaseKind.SAMEDIFF, 13);

        assertThatThrownBy(() -> read(stranger.selfContained()))
                .isInstanceOf(InvalidProtocolBufferException.class)
                .hasMessageContaining("call BaseNetworks.trust(\"" + stranger.hash() + "\")");
        BaseNetworks.trust(stranger.hash());
        assertThat(read(stranger.selfContained()).isAttached()).isTrue();
    }

    /** Changes of a good model, and what the message must say. */
    static Stream<Arguments> damages() {
        return Stream.of(
                damage("kind", p -> p.getBaseBuilder().setKind("PICKLE"), "BaseKind = \"PICKLE\"; expected one of"),
                damage("pooling", p -> p.getBaseBuilder().setPooling("x"), "no pooling is called \"x\""),
                damage("head mode", p -> p.setHeadMode(""), "HeadMode = \"\""),
                damage("a path with NUL", p -> p.getBaseBuilder().setPath("/a\0b"), "InvalidPathException"),
                damage("no hash", p -> p.getBaseBuilder().setContentHash(""), "expected 64 hexadecimal digits"),
                damage("a long hash", p -> p.getBaseBuilder().setContentHash("f".repeat(1 << 20)), "content hash"),
                damage("batch size", p -> p.setBatchSize(-1), "the batch size is -1"),
                damage("no metadata", LoraModelProto.Builder::clearMetadata, "LoraModel"),
                damage(
                        "empty metadata",
                        p -> p.setMetadata(Any.pack(ModelDataProto.getDefaultInstance())),
                        "LoraModel"),
                damage(
                        "other metadata",
                        p -> p.setMetadata(Any.pack(LoraModelProto.getDefaultInstance())),
                        "LoraModel"),
                damage(
                        "metadata that is no proto",
                        p -> p.setMetadata(Any.pack(ModelDataProto.getDefaultInstance()).toBuilder()
                                .setValue(ByteString.copyFromUtf8("nonsense"))),
                        "LoraModel"),
                damage("no provenance", p -> without(p, ModelDataProto.Builder::clearProvenance), "LoraModel"),
                damage("no features", p -> without(p, ModelDataProto.Builder::clearFeatureDomain), "LoraModel"),
                damage("no outputs", p -> without(p, ModelDataProto.Builder::clearOutputDomain), "LoraModel"),
                damage("no adapter", LoraModelProto.Builder::clearAdapter, "the adapter in the model"),
                damage(
                        "a damaged adapter",
                        p -> p.getAdapterBuilder().setTensors(ByteString.copyFromUtf8("nonsense")),
                        "the adapter in the model"),
                damage("no converter", LoraModelProto.Builder::clearInputConverter, "class \"\"; expected an Input"),
                damage(
                        "no output converter",
                        LoraModelProto.Builder::clearOutputConverter,
                        "expected an OutputConverter"),
                damage(
                        "a converter of a class that is none",
                        p -> p.getInputConverterBuilder().setClassName(Initialized.class.getName()),
                        "expected an InputConverter"),
                damage("a newer converter", p -> p.getInputConverterBuilder().setVersion(7), "proto of version 7"),
                damage(
                        "a converter with a bad value",
                        p -> p.setInputConverter(InputConverterProto.newBuilder()
                                .setClassName("org.lora4j.tribuo.input.TokenInputConverter")
                                .setSerializedData(Any.pack(TokenInputConverterProto.getDefaultInstance()))),
                        "maxLength = 0"),
                damage("rows of nobody", p -> p.setOutputName(0, "nobody"), "nobody"),
                damage("no rows", LoraModelProto.Builder::clearOutputName, "the head has rows for"),
                damage(
                        "a scale that is none",
                        p -> p.addOutputScale(OutputScaleProto.newBuilder().setDeviation(-1)),
                        "deviation = -1"),
                damage("no network", p -> stranger(p).getBaseBuilder().clearNetwork(), "the network in the model"),
                damage(
                        "a network that is none",
                        p -> stranger(p).getBaseBuilder().setNetwork(ByteString.copyFromUtf8("nonsense")),
                        "the network in the model"));
    }

    private static LoraModelProto.Builder stranger(LoraModelProto.Builder proto) {
        proto.getBaseBuilder().setContentHash("0".repeat(64));
        return proto.setSelfContained(true);
    }

    private static void without(LoraModelProto.Builder proto, Consumer<ModelDataProto.Builder> change) {
        try {
            ModelDataProto.Builder data = proto.getMetadata().unpack(ModelDataProto.class).toBuilder();
            change.accept(data);
            proto.setMetadata(Any.pack(data.build()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Arguments damage(String what, Consumer<LoraModelProto.Builder> change, String message) {
        return arguments(what, change, message);
    }

    @ParameterizedTest(name = "[{index}] {0}")
    @MethodSource("damages")
    void damage_isAlwaysAnInvalidProtocolBuffer(String what, Consumer<LoraModelProto.Builder> change, String message) {
        LoraModelProto.Builder proto = good.toBuilder();
        change.accept(proto);

        assertThatThrownBy(() -> read(proto.build()))
                .isInstanceOf(InvalidProtocolBufferException.class)
                .hasMessageStartingWith("LoraModel: ")
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(4096));
        assertThat(codeHasRun).isFalse();
    }

    @Test
    void otherMessages_areInvalidProtocolBuffers() {
        for (Any message : new Any[] {
            Any.getDefaultInstance(),
            Any.pack(ModelDataProto.getDefaultInstance()),
            Any.pack(LoraModelProto.getDefaultInstance()),
            Any.pack(good).toBuilder()
                    .setValue(ByteString.copyFromUtf8("nonsense"))
                    .build()
        }) {
            assertThatThrownBy(() -> LoraModel.deserializeFromProto(0, "", message))
                    .isInstanceOf(InvalidProtocolBufferException.class);
        }
        for (int version : new int[] {-1, 1, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> LoraModel.deserializeFromProto(version, "", Any.pack(good)))
                    .isInstanceOf(InvalidProtocolBufferException.class)
                    .hasMessageContaining("written by a newer release");
        }
    }

    @Test
    void theGoodModel_isRead() throws IOException {
        assertThat(read(good).isAttached()).isTrue();
        assertThat(held.contentHash()).isEqualTo(good.getBase().getContentHash());
    }
}
