/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns names of variables and ops into dotted paths. */
final class ModulePaths {

    private static final Set<String> LEAF_NAMES =
            Set.of("weight", "weights", "kernel", "W", "w", "table", "embeddings");
    private static final Pattern LEAF_ENDING = Pattern.compile("(.+)_(weights?|kernel|[wW])");
    private static final Pattern OUTPUT_INDEX = Pattern.compile(":\\d+$");
    private static final Pattern AUTOMATIC = Pattern.compile("(sd_var|variable|constant|const|var)?(_?\\d+)?");
    private static final Pattern FACTOR = Pattern.compile("\\.lora_(embedding_)?[AB]\\.|\\.token_adapter\\.");

    /** What torch.nn.MultiheadAttention, which has parameters of its own, puts before the names of the input projection's. */
    private static final String IN_PROJECTION = "in_proj_";

    private ModulePaths() {}

    /** The name with dots between its parts: {@code a/b/kernel:0} gives {@code a.b.kernel}. */
    static String dotted(String name) {
        String path = OUTPUT_INDEX.matcher(name).replaceFirst("").replace('/', '.');
        return path.startsWith(".") && path.length() > 1 ? path.substring(1) : path;
    }

    /** The path of the module that a weight belongs to: the name without its last part where that says "weight". */
    static String ofWeight(String variable) {
        String path = dotted(variable);
        int dot = path.lastIndexOf('.');
        String last = path.substring(dot + 1);
        if (dot > 0 && (LEAF_NAMES.contains(last) || isInProjection(variable))) {
            return path.substring(0, dot);
        }
        Matcher ending = LEAF_ENDING.matcher(last);
        return ending.matches() ? path.substring(0, dot + 1) + ending.group(1) : path;
    }

    /** Whether a leaf is the weight of the input projection of a torch.nn.MultiheadAttention. */
    static boolean isInProjection(String variable) {
        return variable != null && dotted(variable).endsWith("." + IN_PROJECTION + "weight");
    }

    /** The path of a parameter of a module: its usual name behind the module's path. */
    static String parameter(String module, String weight, String usual) {
        return module + "." + (isInProjection(weight) ? IN_PROJECTION : "") + usual;
    }

    /** The name of the constant that says into how many groups of channels a convolution is split, beside its weight. */
    static String groups(String weight) {
        return weight.substring(0, weight.lastIndexOf('.') + 1) + "groups";
    }

    /** Whether SameDiff chose the name. */
    static boolean isAutomatic(String variable) {
        return AUTOMATIC.matcher(variable).matches();
    }

    /** Whether a leaf is a low-rank factor of a graph that was adapted and saved. */
    static boolean isFactor(String variable) {
        return FACTOR.matcher(variable).find();
    }

    /** The module of a parameter: all but the last part, or the whole if there is one part only. */
    static String parent(String parameterPath) {
        int dot = parameterPath.lastIndexOf('.');
        return dot < 0 ? parameterPath : parameterPath.substring(0, dot);
    }
}
