/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.peft.PeftConfigJson;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.format.peft.PeftKey;
import org.lora4j.format.peft.PeftKeys;
import org.lora4j.format.peft.PeftTensor;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorEntry;
import org.lora4j.format.safetensors.TensorSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter's directory, both ways. */
final class AdapterFiles {

    static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PICKLE = "adapter_model.bin";

    private static final Map<String, String> METADATA = Map.of("format", "pt");

    /** More dimensions than an ND4J array can have are refused before one is made. */
    private static final int MOST_DIMENSIONS = 32;

    private static final int MOST_ATTEMPTS = 10;

    private final Map<String, Map<String, INDArray>> modules = new TreeMap<>();
    private final Map<String, INDArray> saved = new TreeMap<>();
    private final Map<String, String> copies = new HashMap<>();
    private final Problems problems = new Problems();

    private AdapterFiles() {}

    /**
     * Reads both files, and once more if somebody saved in between: of two files that were replaced together one must not
     * come from before and the other from after.
     */
    static Adapter load(Path directory) throws IOException {
        for (int attempt = 1; ; attempt++) {
            List<Object> before = state(directory);
            try {
                Adapter adapter = loadOnce(directory);
                if (before.equals(state(directory))) {
                    return adapter;
                }
            } catch (IOException e) {
                if (before.equals(state(directory))) {
                    throw e;
                }
            }
            if (attempt == MOST_ATTEMPTS) {
                throw new IOException(directory + ": the adapter was replaced " + attempt + " times while it was read"
                        + "; expected it to stay for the time of a load. Load it again when the writer is done.");
            }
        }
    }

    private static List<Object> state(Path directory) throws IOException {
        Path config = StagedFiles.locate(directory, PeftConfigJson.FILE_NAME);
        try {
            BasicFileAttributes file = Files.readAttributes(config, BasicFileAttributes.class);
            return List.of(
                    config,
                    StagedFiles.locate(directory, WEIGHTS),
                    String.valueOf(file.fileKey()),
                    file.lastModifiedTime(),
                    file.size());
        } catch (NoSuchFileException e) {
            return List.of(config);
        }
    }

    private static Adapter loadOnce(Path directory) throws IOException {
        checkPresent(directory);
        PeftFile config = PeftConfigJson.read(StagedFiles.locate(directory, PeftConfigJson.FILE_NAME));
        return new AdapterFiles().read(config, StagedFiles.locate(directory, WEIGHTS));
    }

    private static void checkPresent(Path directory) throws IOException {
        Problems missing = new Problems();
        for (String name : List.of(PeftConfigJson.FILE_NAME, WEIGHTS)) {
            missing.check(Files.isRegularFile(StagedFiles.locate(directory, name)), "no file " + name);
        }
        if (missing.isEmpty()) {
            return;
        }
        if (!Files.isDirectory(directory)) {
            missing.add("it is not a directory");
        } else if (Files.exists(directory.resolve(PICKLE))) {
            missing.add(
                    PICKLE + " is a pickle, which can run code and is not read; load it in PEFT and save it again with"
                            + " safe_serialization=True");
        }
        List<Path> below = adaptersBelow(directory);
        if (!below.isEmpty()) {
            missing.add("there are adapters in the folders " + Problems.quoted(below) + "; name one of them");
        }
        throw new AdapterFormatException(
                missing.message(directory.toString()) + ". Expected the directory of a PEFT adapter with both files.");
    }

    private static List<Path> adaptersBelow(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.filter(child -> Files.isRegularFile(child.resolve(PeftConfigJson.FILE_NAME)))
                    .map(Path::getFileName)
                    .sorted()
                    .toList();
        }
    }

    private Adapter read(PeftFile config, Path weights) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(weights)) {
            for (TensorEntry entry : reader.tensors().values()) {
                Optional<ElementCodec> codec = ElementCodec.of(entry.dtype());
                if (codec.isEmpty() || entry.shape().length > MOST_DIMENSIONS) {
                    problems.add("tensor " + entry + ", expected F64, F32, F16 or BF16 and at most " + MOST_DIMENSIONS
                            + " dimensions");
                } else if (entry.byteCount() == 0) {
                    problems.add("tensor " + entry + " has no elements");
                } else {
                    place(reader, entry, codec.get());
                }
            }
        }
        copies.forEach((key, parameter) -> problems.check(
                saved.containsKey(parameter),
                "key \"" + key + "\" is a copy of \"" + parameter + "\", which is missing"));
        problems.check(!modules.isEmpty() || !saved.isEmpty(), "holds no tensors of an adapter");
        new AdapterChecks(config.config(), problems).check(modules, saved);
        if (!problems.isEmpty()) {
            throw new AdapterFormatException(problems.message(weights.toString())
                    + ". The adapter is damaged, incomplete or not plain LoRA; save it again where it was made.");
        }
        return new Adapter(config, modules, saved);
    }

    private void place(SafetensorsReader reader, TensorEntry entry, ElementCodec codec) throws IOException {
        PeftKey meaning = PeftKeys.parse(entry.name());
        if (meaning instanceof PeftKey.Factor factor) {
            modules.computeIfAbsent(factor.modulePath(), path -> new TreeMap<>())
                    .put(factor.tensor().suffix(), ArrayBytes.read(reader, entry, codec));
        } else if (meaning instanceof PeftKey.Saved parameter) {
            INDArray before = saved.put(parameter.parameterPath(), ArrayBytes.read(reader, entry, codec));
            problems.check(before == null, "parameter \"" + parameter.parameterPath() + "\" is there twice");
        } else if (meaning instanceof PeftKey.Copy copy) {
            copies.put(entry.name(), copy.parameterPath());
        } else if (meaning instanceof PeftKey.Unknown unknown) {
            problems.add("key \"" + entry.name() + "\" " + unknown.reason());
        }
    }

    static void save(Adapter adapter, Path directory, Function<INDArray, ElementCodec> codecs) throws IOException {
        if (adapter.modules().isEmpty() && adapter.savedParameters().isEmpty()) {
            throw new IllegalStateException(
                    "Adapter.save(" + directory + "): the adapter holds no tensors; expected factors"
                            + " of at least one module. Export it from a model after modules were adapted.");
        }
        Map<String, INDArray> tensors = tensors(adapter);
        checkRange(tensors, codecs);
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((key, array) -> sources.add(ArrayBytes.source(key, array, codecs.apply(array))));
        try (StagedFiles staged = StagedFiles.begin(directory, PeftConfigJson.FILE_NAME)) {
            write(adapter, directory, sources, staged);
        } catch (IOException e) {
            throw new IOException(
                    "Adapter.save(" + directory + "): " + describe(e)
                            + ". Free space, grant permission or save elsewhere.",
                    e);
        }
    }

    private static void write(Adapter adapter, Path directory, List<TensorSource> sources, StagedFiles staged)
            throws IOException {
        try {
            SafetensorsWriter.write(staged.staging().resolve(WEIGHTS), sources, METADATA);
            staged.write(PeftConfigJson.FILE_NAME, PeftConfigJson.write(writable(adapter)));
            if (ModelCard.mayReplace(directory.resolve(ModelCard.FILE_NAME))) {
                staged.write(ModelCard.FILE_NAME, ModelCard.text(adapter));
            }
            staged.commit();
        } catch (IOException e) {
            String outcome = staged.isCommitted()
                    ? "; the new adapter is complete and lora4j loads it, and the next save puts its files in place"
                    : "; what was there before is unchanged";
            throw new IOException(describe(e) + outcome, e);
        }
    }

    /** The JDK's file exceptions say what happened in their names and only where in their messages. */
    private static String describe(IOException e) {
        return e.getClass() == IOException.class
                ? e.getMessage()
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    private static Map<String, INDArray> tensors(Adapter adapter) {
        Map<String, INDArray> tensors = new TreeMap<>();
        adapter.modules()
                .forEach((path, factors) -> factors.forEach((suffix, array) -> tensors.put(
                        PeftKeys.factor(path, PeftTensor.ofSuffix(suffix).orElseThrow()), array)));
        Set<String> wrapped = adapter.modules().entrySet().stream()
                .filter(module -> !module.getValue().keySet().equals(Set.of(PeftTensor.TOKEN_ROWS.suffix())))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        adapter.savedParameters().forEach((path, array) -> tensors.put(PeftKeys.saved(path, wrapped), array));
        return tensors;
    }

    private static void checkRange(Map<String, INDArray> tensors, Function<INDArray, ElementCodec> codecs) {
        Problems problems = new Problems();
        tensors.forEach((key, array) -> {
            long bad = ArrayBytes.firstNotFinite(array, codecs.apply(array));
            problems.check(
                    bad < 0,
                    "tensor \"" + key + "\": element " + bad + " = "
                            + (bad < 0 ? 0 : array.data().getDouble(bad)) + " is beyond the range of "
                            + codecs.apply(array) + ", expected a wider storage type");
        });
        problems.throwIfAny("Adapter.save");
    }

    private static PeftFile writable(Adapter adapter) {
        LoraConfig config = adapter.config();
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear)
                || adapter.modules().isEmpty()) {
            return adapter.file();
        }
        ModuleSelector adapted = ModuleSelector.suffixes(adapter.modules().keySet());
        return new PeftFile(config.toBuilder().targetModules(adapted).build(), adapter.extras());
    }
}
