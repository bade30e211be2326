/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.oracle.labs.mlrg.olcut.config.protobuf.protos.RootProvenanceProto;
import com.oracle.labs.mlrg.olcut.config.protobuf.protos.SimpleProvenanceProto;
import com.oracle.labs.mlrg.olcut.provenance.primitives.EnumProvenance;
import com.oracle.labs.mlrg.olcut.provenance.primitives.StringProvenance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.MessageText;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.base.BaseKind;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.base.BaseNetworks;
import org.lora4j.tribuo.base.BaseReference;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.tribuo.output.OutputScale;
import org.lora4j.tribuo.protos.AdapterProto;
import org.lora4j.tribuo.protos.BaseReferenceProto;
import org.lora4j.tribuo.protos.InputConverterProto;
import org.lora4j.tribuo.protos.LoraModelProto;
import org.lora4j.tribuo.protos.OutputConverterProto;
import org.lora4j.tribuo.protos.OutputScaleProto;
import org.lora4j.trust.Receipt;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Output;
import org.tribuo.impl.ModelDataCarrier;
import org.tribuo.protos.ProtoUtil;
import org.tribuo.protos.core.ModelDataProto;
import org.tribuo.protos.core.ModelProto;

/** Models as protos and back. */
final class ModelProtos {

    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final int LONGEST_MESSAGE = 2000;

    private ModelProtos() {}

    static ModelProto write(LoraModel<?> model, ModelDataProto metadata) {
        ModelParts<?> parts = model.parts();
        LoraModelProto.Builder proto = LoraModelProto.newBuilder()
                .setMetadata(Any.pack(metadata))
                .setBase(write(parts))
                .setAdapter(write(parts.adapter()))
                .addAllOutputName(parts.rows())
                .setHeadMode(parts.headMode().name())
                .setBatchSize(parts.batchSize())
                .setSelfContained(parts.format() == ModelFormat.SELF_CONTAINED);
        proto.getInputConverterBuilder().mergeFrom(parts.inputs().serialize());
        proto.getOutputConverterBuilder().mergeFrom(parts.outputs().serialize());
        parts.scales()
                .forEach((name, scale) -> proto.addOutputScale(OutputScaleProto.newBuilder()
                        .setOutput(name)
                        .setMean(scale.mean())
                        .setDeviation(scale.deviation())));
        return ModelProto.newBuilder()
                .setVersion(LoraModel.CURRENT_VERSION)
                .setClassName(LoraModel.class.getName())
                .setSerializedData(Any.pack(proto.build()))
                .build();
    }

    private static BaseReferenceProto write(ModelParts<?> parts) {
        BaseReference reference = parts.reference();
        BaseReferenceProto.Builder proto = BaseReferenceProto.newBuilder()
                .setKind(reference.kind().name())
                .setContentHash(reference.contentHash())
                .setPath(reference.path().map(Path::toString).orElse(""))
                .setFeatureVariable(reference.featureVariable())
                .setPooling(reference.pooling().name())
                .setTokenVocabulary(reference.tokenVocabulary())
                .setTokenLength(reference.tokenLength());
        if (parts.format() == ModelFormat.SELF_CONTAINED) {
            if (parts.base() == null) {
                throw new IllegalStateException(
                        "LoraModel: a self-contained model is detached from its base " + reference.contentHash()
                                + "; expected it attached. Call attach(base), or withFormat(ADAPTER_ONLY).");
            }
            try {
                proto.setNetwork(ByteString.copyFrom(parts.base().toBytes()));
            } catch (IOException e) {
                throw new UncheckedIOException("LoraModel: the base network cannot be written: " + e.getMessage(), e);
            }
        }
        return proto.build();
    }

    // The reader of PEFT's files has all the checks, and it reads directories.
    private static AdapterProto write(Adapter adapter) {
        try {
            Path directory = Files.createTempDirectory("lora4j");
            try {
                adapter.save(directory);
                AdapterProto.Builder proto = AdapterProto.newBuilder()
                        .setConfig(ByteString.copyFrom(Files.readAllBytes(directory.resolve(CONFIG))))
                        .setTensors(ByteString.copyFrom(Files.readAllBytes(directory.resolve(TENSORS))));
                adapter.receipt().ifPresent(receipt -> proto.setReceipt(ByteString.copyFromUtf8(receipt.json())));
                return proto.build();
            } finally {
                Folders.delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("LoraModel: the adapter cannot be written: " + e.getMessage(), e);
        }
    }

    private static Adapter read(AdapterProto proto) throws IOException {
        Path directory = Files.createTempDirectory("lora4j");
        try {
            Files.write(directory.resolve(CONFIG), proto.getConfig().toByteArray());
            Files.write(directory.resolve(TENSORS), proto.getTensors().toByteArray());
            if (!proto.getReceipt().isEmpty()) {
                Files.write(directory.resolve(Receipt.FILE), proto.getReceipt().toByteArray());
            }
            return Adapter.load(directory);
        } catch (AdapterFormatException e) {
            throw new AdapterFormatException(
                    e.getMessage().replace(directory.toString(), "the adapter in the model"), e);
        } finally {
            Folders.delete(directory);
        }
    }

    static LoraModel<?> read(int version, Any message) throws InvalidProtocolBufferException {
        try {
            if (version < 0 || version > LoraModel.CURRENT_VERSION) {
                throw new IOException("proto of version " + version + "; expected 0 to " + LoraModel.CURRENT_VERSION
                        + ". It was written by a newer release: update lora-tribuo.");
            }
            LoraModelProto proto = message.unpack(LoraModelProto.class);
            ModelDataCarrier<?> carrier =
                    ModelDataCarrier.deserialize(readable(proto.getMetadata().unpack(ModelDataProto.class)));
            OutputConverterProto outputProto = proto.getOutputConverter();
            OutputConverter<?> outputs = converter(OutputConverter.class, outputProto.getClassName(), outputProto);
            return model(proto, carrier, outputs);
        } catch (IOException | RuntimeException | LinkageError | StackOverflowError e) {
            // Tribuo and OLCUT say what they do not like about metadata in exceptions of any kind.
            throw damaged(e);
        }
    }

    private static InvalidProtocolBufferException damaged(Throwable failure) {
        Throwable first = failure;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        boolean isOurs = failure instanceof IOException && failure.getMessage() != null;
        String what = isOurs ? failure.getMessage() : first + ". The file is damaged, or no model of this library.";
        return new InvalidProtocolBufferException(
                "LoraModel: " + what.substring(0, Math.min(what.length(), LONGEST_MESSAGE)), new IOException(failure));
    }

    /** Tribuo makes whatever a proto names; here the class is looked at before anything of it runs. */
    private static <C> C converter(Class<C> kind, String className, Message proto) throws IOException {
        boolean isOne;
        try {
            isOne = kind.isAssignableFrom(Class.forName(className, false, ProtoUtil.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            isOne = false;
        }
        if (!isOne) {
            throw new IOException("the converter is of class " + MessageText.name(className) + "; expected an "
                    + kind.getSimpleName() + " on the class path. The file is damaged, or a jar is missing.");
        }
        return kind.cast(ProtoUtil.deserialize(proto));
    }

    private static <T extends Output<T>> LoraModel<T> model(
            LoraModelProto proto, ModelDataCarrier<?> carrier, OutputConverter<T> outputs) throws IOException {
        if (!carrier.outputDomain().getOutput(0).getClass().isAssignableFrom(outputs.outputClass())) {
            throw new IOException("the output domain is of "
                    + carrier.outputDomain().getOutput(0).getClass().getName() + ", the converter of "
                    + outputs.outputClass().getName() + "; expected the same. The file is damaged.");
        }
        if (proto.getBatchSize() < 1) {
            throw new IOException(
                    "the batch size is " + proto.getBatchSize() + "; expected 1 or more. The file is damaged.");
        }
        @SuppressWarnings("unchecked") // Guarded by the check above.
        ImmutableOutputInfo<T> domain = (ImmutableOutputInfo<T>) carrier.outputDomain();
        InputConverterProto inputProto = proto.getInputConverter();
        InputConverter inputs = converter(InputConverter.class, inputProto.getClassName(), inputProto);
        BaseReference reference = reference(proto.getBase());
        ModelFormat format = proto.getSelfContained() ? ModelFormat.SELF_CONTAINED : ModelFormat.ADAPTER_ONLY;
        ModelParts<T> parts = new ModelParts<>(
                base(proto.getBase(), reference, format),
                reference,
                read(proto.getAdapter()),
                inputs,
                outputs,
                List.copyOf(proto.getOutputNameList()),
                scales(proto),
                carrier.featureDomain(),
                domain,
                constant(HeadMode.class, proto.getHeadMode()),
                proto.getBatchSize(),
                format,
                Optional.empty());
        outputs.bind(domain, parts.rows(), parts.scales());
        return new LoraModel<>(carrier.name(), carrier.provenance(), parts);
    }

    private static BaseNetwork base(BaseReferenceProto proto, BaseReference reference, ModelFormat format)
            throws IOException {
        if (format == ModelFormat.SELF_CONTAINED) {
            if (!BaseNetworks.isTrusted(reference)) {
                throw new IOException("the model brings its base network as a graph, which can end the process when it"
                        + " computes; expected one that is trusted. If you know who made it, call BaseNetworks.trust("
                        + MessageText.name(reference.contentHash())
                        + ") before reading the model, or make the base network from its own"
                        + " file.");
            }
            return BaseNetwork.restore(proto.getNetwork().toByteArray(), reference);
        }
        return BaseNetworks.find(reference).orElse(null);
    }

    private static BaseReference reference(BaseReferenceProto proto) throws IOException {
        Optional<Path> path = proto.getPath().isEmpty() ? Optional.empty() : Optional.of(Path.of(proto.getPath()));
        if (!HASH.matcher(proto.getContentHash()).matches()) {
            throw new IOException("the content hash of the base network is " + MessageText.name(proto.getContentHash())
                    + "; expected 64 hexadecimal digits. The file is damaged.");
        }
        return new BaseReference(
                constant(BaseKind.class, proto.getKind()),
                proto.getContentHash(),
                path,
                proto.getFeatureVariable(),
                pooling(proto.getPooling()),
                proto.getTokenVocabulary(),
                proto.getTokenLength());
    }

    /** A pooling was a constant of an enum once, which OLCUT would look for. */
    private static ModelDataProto readable(ModelDataProto metadata) {
        RootProvenanceProto.Builder provenance = metadata.getProvenance().toBuilder();
        for (SimpleProvenanceProto.Builder value : provenance.getSmpBuilderList()) {
            if (value.getProvenanceClassName().equals(EnumProvenance.class.getName())
                    && value.getAdditional().equals(Pooling.class.getName())) {
                value.setProvenanceClassName(StringProvenance.class.getName()).setAdditional("");
            }
        }
        return metadata.toBuilder().setProvenance(provenance).build();
    }

    private static Pooling pooling(String name) throws IOException {
        try {
            return Pooling.valueOf(name);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage() + " The file is damaged, or was written by a newer release.", e);
        }
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String name) throws IOException {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        throw new IOException(type.getSimpleName() + " = " + MessageText.name(name) + "; expected one of "
                + Arrays.toString(type.getEnumConstants())
                + ". The file is damaged, or was written by a newer release.");
    }

    private static Map<String, OutputScale> scales(LoraModelProto proto) {
        Map<String, OutputScale> scales = new LinkedHashMap<>();
        proto.getOutputScaleList()
                .forEach(
                        scale -> scales.put(scale.getOutput(), new OutputScale(scale.getMean(), scale.getDeviation())));
        return scales;
    }
}
