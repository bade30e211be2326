/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;

/**
 * The names of tensors in PEFT's files, both ways.
 *
 * <p>A key is {@code base_model.model.} + module path + {@code .} + suffix for a factor, and
 * {@code base_model.model.} + parameter path for a parameter saved in full, where the parameters of an adapted module
 * have {@code base_layer} before their name. Keys carry no adapter name. {@code torch.nn.MultiheadAttention} and several
 * target parameters of one module nest: the inner update has {@code base_layer} within its path, and so it has in an
 * adapter, because only the base tells what is meant.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class PeftKeys {

    /** What every key of a module begins with. */
    public static final String PREFIX = "base_model.model.";

    /** What every key of a tensor begins with that all modules share. */
    public static final String SHARED_PREFIX = "base_model.";

    private static final String BASE_LAYER = "base_layer";

    private static final String TARGET = "ln_tuning_layers";

    private static final Set<String> COPIES = Set.of("modules_to_save", "original_module");

    private static final Set<String> BASE_LAYER_PARAMETERS = Set.of("weight", "bias", "in_proj_weight", "in_proj_bias");

    /** Tensors of options that are refused, so that a message can name the option. Tried in order as a part of the key. */
    private static final Map<String, String> OF_UNSUPPORTED_OPTIONS = new LinkedHashMap<>();

    static {
        OF_UNSUPPORTED_OPTIONS.put("lora_velora_embed", "belongs to VeLoRA (velora_config)");
    }

    private PeftKeys() {}

    /** The key of a factor. */
    public static String factor(String modulePath, PeftTensor tensor) {
        return PREFIX + modulePath + "." + tensor.suffix();
    }

    /** The key of a tensor of a module, or of one that all modules share. */
    public static String key(String modulePath, String suffix, boolean shared) {
        return shared ? SHARED_PREFIX + suffix : PREFIX + modulePath + "." + suffix;
    }

    /**
     * The key of a parameter saved in full.
     *
     * @param parameterPath path of the parameter, such as {@code classifier.weight}
     * @param adaptedModules paths of the modules that have a low-rank update, as an adapter has them
     */
    public static String saved(String parameterPath, Set<String> adaptedModules) {
        StringBuilder path = new StringBuilder();
        for (String part : parameterPath.split("\\.")) {
            path.append(path.isEmpty() ? "" : ".").append(part);
            while (adaptedModules.contains(path.toString())) {
                path.append('.').append(BASE_LAYER);
            }
        }
        return PREFIX + path;
    }

    /**
     * The key of a tensor of an adapter.
     *
     * @param modulePath path of a module as the adapter has it
     * @param suffix the suffix by which the adapter knows the tensor
     */
    public static String factor(AdapterConfig config, String modulePath, String suffix) {
        PeftTensor tensor = PeftTensor.ofSuffix(suffix).orElseThrow();
        boolean alone = tensor == PeftTensor.TOKEN_ROWS && config.targetUse() == TargetUse.ROWS;
        return factor(modulePath, alone ? PeftTensor.TOKEN_ROWS_ALONE : tensor);
    }

    /**
     * The key of a parameter that an adapter holds in full.
     *
     * @param parameterPath path of the parameter, such as {@code classifier.weight}
     * @param adaptedModules paths of the modules that have a low-rank update, as an adapter has them
     */
    public static String saved(AdapterConfig config, String parameterPath, Set<String> adaptedModules) {
        String module = moduleOf(parameterPath);
        return config.isTrainedTarget(module)
                ? PREFIX + module + "." + TARGET + parameterPath.substring(module.length())
                : saved(parameterPath, adaptedModules);
    }

    /**
     * The path of a module in the base model: PEFT wraps some modules in one another and names the inner one by {@code
     * base_layer}.
     *
     * @param modulePath path of a module as an adapter has it, such as {@code attn.base_layer.out_proj}
     */
    public static String withoutWrappers(String modulePath) {
        return Arrays.stream(modulePath.split("\\."))
                .filter(part -> !part.equals(BASE_LAYER))
                .collect(Collectors.joining("."));
    }

    /**
     * The module that a parameter belongs to.
     *
     * @param parameterPath path of a parameter, such as {@code classifier.weight}
     * @return what stands before its last dot; the path itself for a parameter of the root, which is a module and a
     *     parameter at once
     */
    public static String moduleOf(String parameterPath) {
        int dot = parameterPath.lastIndexOf('.');
        return dot < 0 ? parameterPath : parameterPath.substring(0, dot);
    }

    /**
     * The outermost adapted module that a module is wrapped in.
     *
     * @param modulePath path of a module as an adapter has it
     * @return what stands before the first {@code base_layer}; the path itself if there is none
     */
    public static String wrapperOf(String modulePath) {
        int at = ("." + modulePath + ".").indexOf("." + BASE_LAYER + ".");
        return at <= 0 ? modulePath : modulePath.substring(0, at - 1);
    }

    /**
     * Whether a file can hold a module of a path, and says the same path when it is read.
     *
     * @return false if a part is empty or means something else in files, such as {@code base_layer}
     */
    public static boolean isModule(String modulePath) {
        String weight = modulePath + ".weight";
        return parse(factor(modulePath, PeftTensor.LORA_A)).equals(new PeftKey.Factor(modulePath, PeftTensor.LORA_A))
                && parse(saved(weight, Set.of())).equals(new PeftKey.Saved(weight, false));
    }

    /**
     * What a key stands for.
     *
     * @return its meaning, {@link PeftKey.Unknown} if it has none here
     */
    public static PeftKey parse(String key) {
        if (!key.startsWith(PREFIX)) {
            Optional<PeftTensor> shared = key.startsWith(SHARED_PREFIX)
                    ? PeftTensor.ofSuffix(key.substring(SHARED_PREFIX.length()))
                    : Optional.empty();
            if (shared.isPresent()) {
                return new PeftKey.Shared(shared.get());
            }
            return new PeftKey.Unknown("does not begin with \"" + PREFIX + "\", expected the key of a module");
        }
        String path = key.substring(PREFIX.length());
        if (Arrays.asList(path.split("\\.", -1)).contains("")) {
            return new PeftKey.Unknown("has an empty part in its path");
        }
        // The longest suffix counts, as some end with another.
        for (int dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
            Optional<PeftTensor> tensor = PeftTensor.ofSuffix(path.substring(dot + 1));
            if (tensor.isPresent()) {
                return factorOf(path.substring(0, dot), tensor.get());
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
        if (("." + modulePath).startsWith("." + BASE_LAYER + ".") || modulePath.equals(BASE_LAYER)) {
            return new PeftKey.Unknown("is a factor of a wrapped module (base_layer) without a wrapper");
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
        if (wrapper.equals(TARGET) && !module.isEmpty()) {
            return new PeftKey.Target(module + "." + name);
        }
        if (wrapper.equals(BASE_LAYER)) {
            return BASE_LAYER_PARAMETERS.contains(name)
                    ? new PeftKey.Saved(withoutWrappers(module) + "." + name, true)
                    : new PeftKey.Unknown("is a parameter of a wrapped module other than weight and bias");
        }
        return new PeftKey.Saved(withoutWrappers(path), false);
    }

    /**
     * Whether a key is that of a tensor of integers.
     *
     * @return false as well for keys that mean nothing
     */
    public static boolean isInteger(String key) {
        return parse(key) instanceof PeftKey.Factor factor && factor.tensor().isInteger();
    }
}
