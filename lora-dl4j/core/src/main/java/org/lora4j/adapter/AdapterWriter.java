/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.VbLoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdaLoraMethod;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writes an adapter's directory. */
final class AdapterWriter {

    private AdapterWriter() {}

    static void save(Adapter adapter, Path directory, Function<INDArray, ElementCodec> codecs) throws IOException {
        if (adapter.modules().isEmpty() && adapter.savedParameters().isEmpty()) {
            throw new IllegalStateException(
                    "Adapter.save(" + directory + "): the adapter holds no tensors; expected factors"
                            + " of at least one module. Export it from a model after modules were adapted.");
        }
        Map<String, INDArray> tensors = tensors(adapter);
        Function<String, ElementCodec> codecOf = key -> codec(adapter.config(), key, tensors.get(key), codecs);
        checkRange(tensors, codecOf);
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((key, array) -> sources.add(source(adapter.config(), key, array, codecOf.apply(key))));
        // Of rounded numbers no receipt speaks.
        boolean exact = tensors.entrySet().stream()
                .allMatch(tensor -> PeftKeys.isInteger(tensor.getKey())
                        || codecOf.apply(tensor.getKey())
                                == ElementCodec.exactFor(tensor.getValue().dataType()));
        StagedFiles.replace("Adapter.save", directory, staging -> {
            write(adapter, sources, staging);
            requireSame(tensors, codecOf, directory, staging);
            if (exact && adapter.receipt().isPresent()) {
                WholeFile.write(
                        staging.resolve(Receipt.FILE), adapter.receipt().get().json());
            }
        });
    }

    /** What was written has to be what is in memory, rounded as the file's type rounds, before anybody sees it. */
    private static void requireSame(
            Map<String, INDArray> tensors, Function<String, ElementCodec> codecOf, Path directory, Path staging)
            throws IOException {
        List<String> others = new ArrayList<>();
        try (SafetensorsReader reader = SafetensorsReader.open(staging.resolve(AdapterReader.WEIGHTS))) {
            for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
                TensorEntry entry = reader.tensors().get(tensor.getKey());
                if (entry == null) {
                    others.add(tensor.getKey());
                } else if (entry.byteCount() > 0
                        && !ArrayBytes.holds(reader, entry, codecOf.apply(tensor.getKey()), tensor.getValue())) {
                    others.add(tensor.getKey());
                }
            }
        }
        if (!others.isEmpty()) {
            throw new IOException("Adapter.save(" + directory + "): what was written of " + Problems.quoted(others)
                    + " is not what is in memory; expected the same. Nothing was saved. Check the disk and the memory of"
                    + " this machine, and save again.");
        }
    }

    /** Of what files of an adapter hold: what is drawn again when it is read does not count. */
    static String hash(Adapter adapter) {
        return TensorHash.of(PeftConfigJson.hash(writable(adapter)), tensors(adapter), PeftKeys::isInteger);
    }

    static Map<String, Object> configOf(Adapter adapter) {
        return PeftConfigJson.plain(writable(adapter));
    }

    private static void write(Adapter adapter, List<TensorSource> sources, Path staging) throws IOException {
        PeftFile config = writable(adapter);
        SafetensorsWriter.write(
                staging.resolve(AdapterReader.WEIGHTS), sources, SetMetadata.of(adapter, PeftConfigJson.hash(config)));
        WholeFile.write(staging.resolve(PeftConfigJson.FILE_NAME), PeftConfigJson.write(config));
        WholeFile.write(staging.resolve(StagedFiles.CARD), AdapterCard.text(adapter));
    }

    private static Map<String, INDArray> tensors(Adapter adapter) {
        Map<String, INDArray> tensors = new TreeMap<>();
        Map<String, INDArray> shared = SharedTensors.of(adapter);
        adapter.modules().forEach((path, factors) -> {
            AdapterMethod method = AdapterMethods.of(adapter.config(), path);
            factors.forEach((suffix, array) -> {
                boolean isShared = shared.containsKey(suffix);
                if (!method.traits().is(suffix, FactorTrait.UNSAVED)) {
                    tensors.put(
                            isShared
                                    ? PeftKeys.key(path, suffix, true)
                                    : PeftKeys.factor(adapter.config(), path, suffix),
                            array);
                }
                if (isShared
                        && !method.traits().is(suffix, FactorTrait.UNSAVED)
                        && method.traits().is(suffix, FactorTrait.REPEATED)) {
                    tensors.put(PeftKeys.factor(adapter.config(), path, suffix), array);
                }
            });
        });
        Set<String> wrapped = adapter.modules().entrySet().stream()
                .filter(module -> !module.getValue().keySet().equals(Set.of(PeftTensor.TOKEN_ROWS.suffix())))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        adapter.savedParameters()
                .forEach((path, array) -> tensors.put(PeftKeys.saved(adapter.config(), path, wrapped), array));
        return tensors;
    }

    /** A triplet of zeros where AdaLoRA kept none is a tensor without elements in the file, as PEFT has it. */
    private static TensorSource source(AdapterConfig config, String key, INDArray array, ElementCodec codec) {
        if (config instanceof AdaLoraConfig adaLora
                && PeftKeys.parse(key) instanceof PeftKey.Factor factor
                && adaLora.keepsNoneOf(factor.modulePath())) {
            long[] shape = array.shape().clone();
            shape[AdaLoraMethod.axisOfTriplets(factor.tensor().suffix())] = 0;
            return TensorSource.of(key, codec.fileType(), shape, ByteBuffer.allocate(0));
        }
        return ArrayBytes.source(key, array, codec);
    }

    private static ElementCodec codec(
            AdapterConfig config, String key, INDArray array, Function<INDArray, ElementCodec> codecs) {
        if (!PeftKeys.isInteger(key)) {
            return codecs.apply(array);
        }
        // As PEFT does, the narrowest type that holds the number of every vector.
        int numbers = config instanceof VbLoraConfig bank ? bank.vectors() : Integer.MAX_VALUE;
        if (numbers <= Byte.MAX_VALUE - Byte.MIN_VALUE) {
            return ElementCodec.U8;
        }
        return numbers <= Short.MAX_VALUE ? ElementCodec.I16 : ElementCodec.I32;
    }

    private static void checkRange(Map<String, INDArray> tensors, Function<String, ElementCodec> codecs) {
        Problems problems = new Problems();
        tensors.forEach((key, array) -> {
            long bad = ArrayBytes.firstNotFinite(array, codecs.apply(key));
            problems.check(
                    bad < 0,
                    "tensor \"" + key + "\": element " + bad + " = "
                            + (bad < 0 ? 0 : array.data().getDouble(bad)) + " is beyond the range of "
                            + codecs.apply(key) + ", expected a wider storage type");
        });
        problems.throwIfAny("Adapter.save");
    }

    private static PeftFile writable(Adapter adapter) {
        AdapterConfig config = adapter.config();
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear)
                || adapter.modules().isEmpty()) {
            return adapter.file();
        }
        ModuleSelector adapted = ModuleSelector.suffixes(adapter.modules().keySet().stream()
                .map(PeftKeys::wrapperOf)
                .collect(Collectors.toCollection(TreeSet::new)));
        return new PeftFile(config.toBuilder().targetModules(adapted).build(), adapter.extras());
    }
}
