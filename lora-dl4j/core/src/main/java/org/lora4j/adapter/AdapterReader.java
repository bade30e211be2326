/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.torch.TorchReader;
import org.lora4j.trust.Receipt;

/** Reads an adapter's directory. */
final class AdapterReader {

    static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PICKLE = "adapter_model.bin";

    private static final int MOST_ATTEMPTS = 10;

    private final Path directory;
    private final AdapterLoader how;

    AdapterReader(Path directory, AdapterLoader how) {
        this.directory = directory;
        this.how = how;
    }

    /**
     * Reads both files, and once more if somebody saved in between: of two files that were replaced together one must not
     * come from before and the other from after.
     */
    Adapter read() throws IOException {
        if (Files.isRegularFile(directory)) {
            return readWeights(directory, directory);
        }
        if (!Files.isDirectory(directory)) {
            checkPresent(directory.resolve(WEIGHTS));
        }
        for (int attempt = 1; ; attempt++) {
            List<Object> before = state();
            try {
                Adapter adapter = readOnce();
                if (before.equals(state())) {
                    return adapter;
                }
            } catch (IOException e) {
                if (before.equals(state())) {
                    throw e;
                }
            }
            if (attempt == MOST_ATTEMPTS) {
                throw new IOException(directory + ": the adapter was replaced " + attempt + " times while it was read"
                        + "; expected it to stay for the time of a load. Load it again when the writer is done.");
            }
        }
    }

    private List<Object> state() throws IOException {
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

    private Adapter readOnce() throws IOException {
        Path weights = StagedFiles.locate(directory, WEIGHTS);
        if (!Files.isRegularFile(weights) && Files.isRegularFile(directory.resolve(PICKLE))) {
            weights = directory.resolve(PICKLE);
        }
        checkPresent(weights);
        Adapter adapter = readWeights(StagedFiles.locate(directory, PeftConfigJson.FILE_NAME), weights);
        return how.isPlain() ? withReceipt(adapter) : adapter;
    }

    /** A receipt of other tensors beside these is one of another adapter, or somebody has changed them. */
    private Adapter withReceipt(Adapter adapter) throws IOException {
        Optional<Path> file = StagedFiles.locateIfAny(directory, Receipt.FILE);
        if (file.isEmpty()) {
            return adapter;
        }
        Receipt receipt = Receipt.read(file.get());
        String trained = receipt.hash(Receipt.TRAINED).orElseThrow();
        if (!trained.equals(adapter.contentHash())) {
            throw new CorruptAdapterException(directory + ": the adapter has the hash " + adapter.contentHash()
                    + ", but " + Receipt.FILE + " is of one with " + trained
                    + "; expected the same. The adapter was changed after its training, or the files are of two: get the"
                    + " directory again, or remove " + Receipt.FILE + " to have it taken unchecked.");
        }
        return adapter.withReceipt(receipt);
    }

    private PeftFile configFor(Path file) throws IOException {
        if (how.config() != null) {
            return PeftFile.of(how.config());
        }
        if (file.equals(directory)) {
            throw new AdapterFormatException(
                    directory + ": is a file of weights; expected the directory of an adapter, or"
                            + " a config given by the caller. Name the directory, or give AdapterLoader the config.");
        }
        return PeftConfigJson.read(file);
    }

    private Adapter readWeights(Path configFile, Path weights) throws IOException {
        PeftFile config = configFor(configFile);
        try (TensorFile file = open(weights)) {
            if (how.config() == null) {
                requireOneSet(configFile, weights, file);
            }
            return new TensorPlaces(config, weights, how).read(file);
        }
    }

    /** Two files of two adapters can agree in all shapes; where ours wrote both, the tensors say to which config they belong. */
    private void requireOneSet(Path configFile, Path weights, TensorFile file) throws IOException {
        if (SetMetadata.belongsTo(file.metadata(), PeftConfigJson.hash(configFile))) {
            return;
        }
        String problem = "the tensors were saved with another config than the one in " + configFile
                + "; expected the files of one adapter, or a config as it was saved";
        if (!how.isLenient()) {
            throw new CorruptAdapterException(weights + ": " + problem
                    + ". The directory is mixed from several, or the config was edited: get the adapter again, or give"
                    + " AdapterLoader the config that is meant.");
        }
        how.report(weights, List.of(problem));
    }

    private static TensorFile open(Path weights) throws IOException {
        return weights.getFileName().toString().endsWith(".safetensors")
                ? SafetensorsReader.open(weights)
                : TorchReader.open(weights);
    }

    private void checkPresent(Path weights) throws IOException {
        Problems missing = new Problems();
        missing.check(
                how.config() != null || Files.isRegularFile(StagedFiles.locate(directory, PeftConfigJson.FILE_NAME)),
                "no file " + PeftConfigJson.FILE_NAME);
        missing.check(Files.isRegularFile(weights), "no file " + WEIGHTS);
        if (missing.isEmpty()) {
            return;
        }
        missing.check(Files.isDirectory(directory), "it is not a directory");
        List<String> below = below(directory);
        if (!below.isEmpty()) {
            missing.add("there are adapters in the folders " + Problems.quoted(below) + "; name one of them");
        }
        throw new AdapterFormatException(
                missing.message(directory.toString()) + ". Expected the directory of a PEFT adapter with both files.");
    }

    /** The names of the folders in which PEFT keeps further adapters. */
    static List<String> below(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.filter(child -> Files.isRegularFile(StagedFiles.locate(child, PeftConfigJson.FILE_NAME)))
                    .map(child -> child.getFileName().toString())
                    .filter(name -> !name.equals(StagedFiles.STAGING) && !name.equals(StagedFiles.COMMITTED))
                    .sorted()
                    .toList();
        }
    }

    /** Whether a directory holds an adapter itself. */
    static boolean holdsAdapter(Path directory) {
        return Files.isRegularFile(StagedFiles.locate(directory, PeftConfigJson.FILE_NAME));
    }

    static Map<String, Adapter> readAll(Path directory) throws IOException {
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        if (holdsAdapter(directory)) {
            adapters.put(AdapterLoader.DEFAULT_NAME, AdapterLoader.of(directory).load());
        }
        for (String name : below(directory)) {
            if (name.equals(AdapterLoader.DEFAULT_NAME) && adapters.containsKey(name)) {
                throw new AdapterFormatException(directory + ": holds an adapter itself, which PEFT calls \"" + name
                        + "\", and another in the folder of that name; expected one of them. Load each by its path.");
            }
            adapters.put(name, AdapterLoader.of(directory.resolve(name)).load());
        }
        if (adapters.isEmpty()) {
            throw new AdapterFormatException(directory + ": no adapter here or in the folders below; expected a file "
                    + PeftConfigJson.FILE_NAME + ". Check the path.");
        }
        return adapters;
    }
}
