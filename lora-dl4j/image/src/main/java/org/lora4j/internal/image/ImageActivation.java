/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** What stands between two linear modules, by the names of Transformers. */
enum ImageActivation {
    GELU("gelu", "gelu_python") {
        @Override
        SDVariable of(SDVariable x, String name) {
            // ND4J's gelu is the sigmoid approximation and its precise_gelu is wrong: 0.8314 at 1, exact is 0.8413.
            SameDiff sd = x.getSameDiff();
            SDVariable erf = sd.math().erf(name + "_erf", x.mul(name + "_scaled", Math.sqrt(0.5)));
            return x.mul(name + "_product", erf.add(name + "_shifted", 1.0)).mul(name, 0.5);
        }
    },
    GELU_TANH("gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate") {
        @Override
        SDVariable of(SDVariable x, String name) {
            SDVariable factor =
                    x.mul(name + "_square", x).mul(name + "_cubic", 0.044715).add(name + "_factor", 1.0);
            SDVariable inner = x.mul(name + "_inner", factor).mul(name + "_scaled", Math.sqrt(2 / Math.PI));
            SDVariable tanh = x.getSameDiff().math().tanh(name + "_tanh", inner);
            return x.mul(name + "_product", tanh.add(name + "_shifted", 1.0)).mul(name, 0.5);
        }
    },
    SILU("silu", "swish") {
        @Override
        SDVariable of(SDVariable x, String name) {
            return x.mul(name, x.getSameDiff().nn().sigmoid(name + "_sigmoid", x));
        }
    },
    QUICK_GELU("quick_gelu") {
        @Override
        SDVariable of(SDVariable x, String name) {
            SDVariable steep = x.mul(name + "_steep", 1.702);
            return x.mul(name, x.getSameDiff().nn().sigmoid(name + "_sigmoid", steep));
        }
    },
    RELU("relu") {
        @Override
        SDVariable of(SDVariable x, String name) {
            return x.getSameDiff().nn().relu(name, x, 0.0);
        }
    },
    TANH("tanh") {
        @Override
        SDVariable of(SDVariable x, String name) {
            return x.getSameDiff().math().tanh(name, x);
        }
    };

    private final List<String> names;

    ImageActivation(String... names) {
        this.names = List.of(names);
    }

    static Optional<ImageActivation> named(String name) {
        return Arrays.stream(values())
                .filter(activation -> activation.names.contains(name))
                .findFirst();
    }

    static List<String> allNames() {
        return Arrays.stream(values())
                .flatMap(activation -> activation.names.stream())
                .toList();
    }

    /** Appends the function; what is in between is named {@code name_...}. */
    abstract SDVariable of(SDVariable x, String name);
}
