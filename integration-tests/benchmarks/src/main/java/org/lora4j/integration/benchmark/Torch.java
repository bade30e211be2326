/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** PyTorch's C++ library, called from Java: what the two networks share. */
final class Torch {

    private static final double START = 0.02;
    private static final double SCALE = 2;
    private static final Pattern VERSION = Pattern.compile("TORCH_VERSION=([0-9.]+)");
    private static final Pattern BLAS = Pattern.compile("BLAS_INFO=([A-Za-z_]+)");

    private Torch() {}

    /** A linear layer, with or without a bias, with an adapter beside it where there are factors, as PEFT computes it. */
    record Linear(Tensor weight, Tensor bias, Tensor loraA, Tensor loraB) {

        static Linear of(int in, int out, boolean adapted, boolean trained, List<Tensor> parameters) {
            Linear layer = new Linear(
                    random(out, in),
                    random(out),
                    adapted ? random(MiniLmModels.RANK, in) : null,
                    adapted ? random(out, MiniLmModels.RANK) : null);
            if (adapted) {
                parameters.add(trained(layer.loraA));
                parameters.add(trained(layer.loraB));
            }
            if (trained) {
                parameters.add(trained(layer.weight));
                parameters.add(trained(layer.bias));
            }
            return layer;
        }

        /** With frozen weights of a type, and adapters that keep theirs and are cast at each step, as autocast does. */
        Linear in(torch.ScalarType type) {
            return new Linear(weight.to(type), bias == null ? null : bias.to(type), loraA, loraB);
        }

        Tensor of(Tensor x) {
            Tensor base = bias == null ? torch.linear(x, weight) : torch.linear(x, weight, bias);
            if (loraA == null) {
                return base;
            }
            // The same tensor where it has the type.
            Tensor a = loraA.to(x.scalar_type());
            Tensor b = loraB.to(x.scalar_type());
            return base.add(torch.linear(torch.linear(x, a), b).mul(new Scalar(SCALE)));
        }
    }

    static Map<String, String> facts() {
        torch.set_num_threads(Turn.THREADS);
        Map<String, String> facts = new LinkedHashMap<>();
        String config = torch.show_config().getString();
        facts.put(
                "PyTorch",
                found(VERSION, config) + " (org.bytedeco:pytorch), built for BLAS " + found(BLAS, config) + ", loaded "
                        + Team.loadedBlas() + ", "
                        + torch.get_cpu_capability().getString() + ", " + torch.get_num_threads() + " threads");
        return facts;
    }

    private static String found(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "unknown";
    }

    static Tensor random(long... shape) {
        return torch.randn(shape).mul_(new Scalar(START));
    }

    /** Whole numbers from 0, below a limit. */
    static Tensor numbers(long limit, long... shape) {
        return torch.randint(limit, shape).to(torch.ScalarType.Long);
    }

    static Tensor trained(Tensor leaf) {
        return leaf.set_requires_grad(true);
    }

    /** Loss, gradients and AdamW. */
    static Runnable step(Supplier<Tensor> loss, List<Tensor> parameters) {
        return stepBy(() -> loss.get().backward(), parameters);
    }

    /** The same with gradients that are computed in another way. */
    static Runnable stepBy(Runnable gradients, List<Tensor> parameters) {
        AdamW optimizer =
                new AdamW(new TensorVector(parameters.toArray(Tensor[]::new)), new AdamWOptions(MiniLmModels.RATE));
        return () -> releasing(() -> {
            optimizer.zero_grad();
            gradients.run();
            optimizer.step();
        });
    }

    /** Does something and frees every tensor that it made. */
    static void releasing(Runnable work) {
        PointerScope scope = new PointerScope();
        try {
            work.run();
        } finally {
            scope.close();
        }
    }

    /** The same, without noting what gradients would need. */
    static void withoutGradients(Runnable work) {
        releasing(() -> {
            NoGradGuard guard = new NoGradGuard();
            try {
                work.run();
            } finally {
                guard.close();
            }
        });
    }

    static long count(List<Tensor> parameters) {
        return parameters.stream().mapToLong(Tensor::numel).sum();
    }
}
