/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdaLoraMethod;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters as PEFT's files have them: arrays by key. */
public final class AdapterTensors {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String CONFIG = "adapter_config.json";

    private AdapterTensors() {}

    /**
     * The arrays of an adapter.
     *
     * @param adapter an adapter
     * @return its arrays by the keys that its file would have
     */
    public static Map<String, INDArray> of(Adapter adapter) {
        Map<String, INDArray> tensors = new TreeMap<>();
        adapter.modules().forEach((path, factors) -> {
            AdapterMethod method = AdapterMethods.of(adapter.config(), path);
            factors.forEach((suffix, array) -> {
                if (method.traits().is(suffix, FactorTrait.SHARED)) {
                    tensors.put(PeftKeys.key(path, suffix, true), array);
                }
                if (!method.traits().is(suffix, FactorTrait.SHARED)
                        || method.traits().is(suffix, FactorTrait.REPEATED)) {
                    tensors.put(
                            PeftKeys.factor(adapter.config(), path, suffix),
                            inFile(adapter.config(), path, suffix, array));
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

    /** A triplet of zeros of AdaLoRA stands for none. */
    private static INDArray inFile(AdapterConfig config, String path, String suffix, INDArray array) {
        if (!(config instanceof AdaLoraConfig adaLora && adaLora.keepsNoneOf(path))) {
            return array;
        }
        long[] shape = array.shape().clone();
        shape[AdaLoraMethod.axisOfTriplets(suffix)] = 0;
        return Nd4j.create(array.dataType(), shape);
    }

    /**
     * Whether a key of PEFT's files is a copy of another tensor, to be ignored.
     *
     * @param key a key
     * @return true for the copies that PEFT writes of modules to save when all biases are trained
     */
    public static boolean isCopy(String key) {
        return key.contains(".modules_to_save.") || key.contains(".original_module.");
    }

    /**
     * The tensor that a key of PEFT's means, where it may be a copy: what is under {@code modules_to_save} is the saved module,
     * what is under {@code original_module} the base's.
     *
     * @param key a key
     * @param found tensors by the keys of adapter files
     * @param base the weights of the base
     * @return the tensor, or null if there is none
     */
    public static INDArray meant(String key, Map<String, INDArray> found, Map<String, INDArray> base) {
        String own = key.replace(".modules_to_save.", ".");
        return own.contains(".original_module.")
                ? base.get(own.replace(".original_module.", ".").replaceFirst("^base_model\\.model\\.", ""))
                : found.get(own);
    }

    /**
     * Loads an adapter of other tensors.
     *
     * @param folder folder of the adapter whose config is used
     * @param tensors the tensors by key
     * @param edit changes the config before it is read
     * @return the adapter, read through files
     * @throws IOException if the tensors are no sound adapter of that config
     */
    public static Adapter load(Path folder, Map<String, INDArray> tensors, Consumer<ObjectNode> edit)
            throws IOException {
        return inTemporaryFolder(directory -> {
            ObjectNode config =
                    (ObjectNode) JSON.readTree(folder.resolve(CONFIG).toFile());
            edit.accept(config);
            JSON.writeValue(directory.resolve(CONFIG).toFile(), config);
            Tensors.write(directory.resolve("adapter_model.safetensors"), tensors);
            return Adapter.load(directory);
        });
    }

    /**
     * Something that needs a folder.
     *
     * @param <T> what it gives
     */
    @FunctionalInterface
    public interface InFolder<T> {

        /**
         * Does it.
         *
         * @param directory an empty folder
         * @return anything that does not need the folder any more
         * @throws IOException if it fails
         */
        T apply(Path directory) throws IOException;
    }

    /**
     * Gives something a folder that is gone afterwards.
     *
     * @param action what to do
     * @param <T> what it gives
     * @return what it gives
     * @throws IOException if it fails
     */
    public static <T> T inTemporaryFolder(InFolder<T> action) throws IOException {
        Path directory = Files.createTempDirectory("peft-golden");
        try {
            return action.apply(directory);
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
