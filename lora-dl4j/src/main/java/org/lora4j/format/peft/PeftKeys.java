/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.peft;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The names of tensors in PEFT's files, both ways.
 *
 * <p>A key is {@code base_model.model.} + module path + {@code .} + suffix for a factor, and
 * {@code base_model.model.} + parameter path for a parameter saved in full, where the parameters of an adapted module
 * have {@code base_layer} before their name. Keys carry no adapter name.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class PeftKeys {

    /** What every key of a module begins with. */
    public static final String PREFIX = "base_model.model.";

    private static final String BASE_LAYER = "base_layer";

    private static final Set<String> COPIES = Set.of("modules_to_save", "original_module");

    private static final Set<String> BASE_LAYER_PARAMETERS = Set.of("weight", "bias");

    /** Tensors of options that are refused, so that a message can name the option. Tried in order as a part of the key. */
    private static final Map<String, String> OF_UNSUPPORTED_OPTIONS = new LinkedHashMap<>();

    static {
        OF_UNSUPPORTED_OPTIONS.put("lora_magnitude_vector", "belongs to DoRA (use_dora)");
        OF_UNSUPPORTED_OPTIONS.put("lora_B.bias", "is a bias on B (lora_bias)");
        OF_UNSUPPORTED_OPTIONS.put("lora_diag", "belongs to KaSA (kasa_config)");
        OF_UNSUPPORTED_OPTIONS.put("lora_velora_embed", "belongs to VeLoRA (velora_config)");
        OF_UNSUPPORTED_OPTIONS.put("trainable_tokens_delta", "belongs to trainable_token_indices");
    }

    private PeftKeys() {}

    /**
     * The key of a factor.
     *
     * @param modulePath dotted path of the module
     * @param tensor which factor
     * @return the key in the file
     */
    public static String factor(String modulePath, PeftTensor tensor) {
        return PREFIX + modulePath + "." + tensor.suffix();
    }

    /**
     * The key of a parameter saved in full.
     *
     * @param parameterPath path of the parameter, such as {@code classifier.weight}
     * @param adaptedModules paths of the modules that have a low-rank update
     * @return the key in the file
     */
    public static String saved(String parameterPath, Set<String> adaptedModules) {
        int dot = parameterPath.lastIndexOf('.');
        String module = dot < 0 ? "" : parameterPath.substring(0, dot);
        return adaptedModules.contains(module)
                ? PREFIX + module + "." + BASE_LAYER + parameterPath.substring(dot)
                : PREFIX + parameterPath;
    }

    /**
     * What a key stands for.
     *
     * @param key a key of a file
     * @return its meaning, {@link PeftKey.Unknown} if it has none here
     */
    public static PeftKey parse(String key) {
        if (!key.startsWith(PREFIX)) {
            return new PeftKey.Unknown("does not begin with \"" + PREFIX + "\"");
        }
        String path = key.substring(PREFIX.length());
        if (Arrays.asList(path.split("\\.", -1)).contains("")) {
            return new PeftKey.Unknown("has an empty part in its path");
        }
        for (PeftTensor tensor : PeftTensor.values()) {
            if (path.endsWith("." + tensor.suffix())) {
                return factorOf(
                        path.substring(0, path.length() - tensor.suffix().length() - 1), tensor);
            }
        }
        for (Map.Entry<String, String> option : OF_UNSUPPORTED_OPTIONS.entrySet()) {
            if (path.contains(option.getKey())) {
                return new PeftKey.Unknown(option.getValue() + ", which is not supported");
            }
        }
        return parameterOf(path);
    }

    private static PeftKey factorOf(String modulePath, PeftTensor tensor) {
        // PEFT nests like this for torch.nn.MultiheadAttention and for several target_parameters of one module.
        if (Arrays.asList(modulePath.split("\\.")).contains(BASE_LAYER)) {
            return new PeftKey.Unknown("is a factor within a wrapped module (base_layer), which is not supported");
        }
        return new PeftKey.Factor(modulePath, tensor);
    }

    private static PeftKey parameterOf(String path) {
        String[] parts = path.split("\\.");
        if (Arrays.stream(parts).anyMatch(part -> part.startsWith("lora_"))) {
            return new PeftKey.Unknown("is no tensor of LoRA that lora4j knows");
        }
        String name = parts[parts.length - 1];
        String wrapper = parts.length < 3 ? "" : parts[parts.length - 2];
        String module = String.join(".", Arrays.copyOf(parts, Math.max(0, parts.length - 2)));
        if (COPIES.contains(wrapper)) {
            return new PeftKey.Copy(module + "." + name);
        }
        if (wrapper.equals(BASE_LAYER)) {
            return BASE_LAYER_PARAMETERS.contains(name)
                    ? new PeftKey.Saved(module + "." + name, true)
                    : new PeftKey.Unknown("is a parameter of a wrapped module other than weight and bias");
        }
        return new PeftKey.Saved(path, false);
    }
}
