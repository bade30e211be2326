/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Contenders that share a process, because they share native libraries. */
enum Team {
    /** Nothing but the products that no step can do without. */
    BOUND("3G", "bound", BoundTeam::contenders, Map::of),
    /** The same products by MKL, in place of OpenBLAS. */
    BOUND_MKL("3G", "boundMkl", BoundTeam::ofMkl, Map::of),
    /** This library on MiniLM. */
    LORA4J("6G", "lora4j", EncoderTeam::contenders, Machine::facts),
    /** Every method of this library on MiniLM. */
    METHODS("8G", "methods", MethodTeam::contenders, Machine::facts),
    /** SameDiff without this library, on the same. */
    SAMEDIFF("10G", "stock", StockTeam::contenders, Map::of),
    /** PyTorch with an encoder of the same shapes. */
    PYTORCH("6G", "torch", wanted -> TorchEncoder.contenders(TorchEncoder.OPEN_BLAS, wanted), Torch::facts),
    /** The same with MKL for products in F32. */
    PYTORCH_MKL("6G", "torchMkl", wanted -> TorchEncoder.contenders(TorchEncoder.MKL, wanted), Torch::facts),
    /** ONNX Runtime with MiniLM's own file. */
    ONNX_RUNTIME("2G", "onnx", OnnxTeam::contenders, OnnxTeam::facts),
    /** This library and stock Deeplearning4j, on perceptrons. */
    DEEPLEARNING4J("6G", "mlp", MlpTeam::contenders, Machine::facts),
    /** PyTorch with the same perceptrons. */
    PYTORCH_MLP("6G", "torch", TorchMlp::contenders, Torch::facts),
    /** This library on a decoder of SmolLM-135M's shape. */
    DECODER("8G", "decoder", DecoderTeam::contenders, DecoderTeam::facts),
    /** PyTorch with the same decoder. */
    PYTORCH_DECODER("6G", "torchLm", TorchDecoder::contenders, TorchDecoder::facts),
    /** llama.cpp with the same decoder. */
    LLAMA_CPP("2G", "llama", LlamaTeam::contenders, LlamaTeam::facts),
    /** This library on encoders of all families; its report has a family at a time. */
    FAMILIES("6G", "families", FamilyTeam::ours, Machine::facts),
    /** The products of theirs. */
    FAMILIES_BOUND("3G", "familiesBound", FamilyTeam::bounds, Map::of),
    /** PyTorch with the same. */
    FAMILIES_PYTORCH("6G", "familiesTorch", FamilyTeam::torch, Torch::facts),
    /** PyTorch and MKL with the same. */
    FAMILIES_PYTORCH_MKL("6G", "familiesTorchMkl", FamilyTeam::mkl, Torch::facts),
    /** This library as it comes: no environment variable, no option. */
    DEFAULTS("6G", "defaults", wanted -> DefaultsTeam.plain("defaults", wanted), Machine::facts),
    /** The same with one native thread and parts asked for. */
    TUNED("6G", "tuned", wanted -> DefaultsTeam.tuned("tuned", wanted), Map::of),
    /** The same with native threads for all processors, which wait without spinning. */
    TUNED_OPS("6G", "tunedOps", wanted -> DefaultsTeam.plain("tunedOps", wanted), Map::of),
    /** Every door of this library as it comes, on a machine that others use. */
    BUSY("4G", "busy", wanted -> BusyTeam.contenders("busy", wanted), Machine::facts),
    /** The same with native threads for all processors, which wait without spinning. */
    BUSY_PASSIVE("4G", "busyPassive", wanted -> BusyTeam.contenders("busyPassive", wanted), Map::of),
    /** The same with one native thread. */
    BUSY_ONE("4G", "busyOne", wanted -> BusyTeam.contenders("busyOne", wanted), Map::of);

    /** By which MKL is told from OpenBLAS in {@code /proc/self/maps}. */
    private static final Pattern BLAS = Pattern.compile("lib(openblas|mkl_[a-z0-9_]+)");

    /** Makes the contenders whose keys are wanted. */
    interface Maker {
        List<Contender> contenders(Predicate<String> wanted) throws IOException;
    }

    private final String bytes;
    private final String prefix;
    private final Maker maker;
    private final Callable<Map<String, String>> facts;

    Team(String bytes, String prefix, Maker maker, Callable<Map<String, String>> facts) {
        this.bytes = bytes;
        this.prefix = prefix;
        this.maker = maker;
        this.facts = facts;
    }

    /** What keys of its contenders start with. */
    String prefix() {
        return prefix;
    }

    /**
     * The team of a contender.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Team of(String key) {
        return Arrays.stream(values())
                .filter(team -> key.startsWith(team.prefix + "."))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("benchmark: there is no contender \"" + key
                        + "\"; expected a key that starts with "
                        + Arrays.stream(values()).map(Team::prefix).distinct().collect(Collectors.joining(", "))
                        + ". They are in the JSON of each benchmark."));
    }

    /** The libraries of matrices that this process has loaded. */
    static String loadedBlas() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.map(BLAS::matcher)
                    .filter(Matcher::find)
                    .map(found -> found.group(1))
                    .distinct()
                    .collect(Collectors.joining(", "));
        } catch (IOException e) {
            return "unknown";
        }
    }

    /**
     * Called when whoever multiplies has loaded its library.
     *
     * @throws IllegalStateException if that is not MKL
     */
    static void requireMkl() {
        if (!loadedBlas().contains("mkl")) {
            throw new IllegalStateException("MKL: loaded are " + loadedBlas()
                    + "; expected mkl_rt. org.bytedeco:mkl and its redist jar must be on the class path.");
        }
    }

    /** What its process is started with. A team that gives each thread a part of the batch needs one inside of an op. */
    Map<String, String> environment(int threads) {
        if (this == DEFAULTS || this == BUSY) {
            return Map.of();
        }
        if (this == BUSY_PASSIVE) {
            return Map.of("OMP_WAIT_POLICY", "PASSIVE");
        }
        if (this == BUSY_ONE) {
            return Map.of("OMP_NUM_THREADS", "1");
        }
        boolean sharesBatches =
                this == LORA4J || this == METHODS || this == TUNED || this == DECODER || this == FAMILIES;
        return Map.of("OMP_NUM_THREADS", String.valueOf(sharesBatches ? 1 : threads), "OMP_WAIT_POLICY", "PASSIVE");
    }

    List<Contender> contenders(Predicate<String> wanted) throws IOException {
        return maker.contenders(wanted);
    }

    Map<String, String> facts() throws IOException {
        try {
            return facts.call();
        } catch (Exception e) {
            throw new IOException(this + ": " + e, e);
        }
    }

    /** Of its Java. Every session keeps its arrays for the next step, and several take turns in one process. */
    List<String> options() {
        List<String> options = new ArrayList<>(List.of("-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"));
        // ONNX Runtime's initialization ends a process with the usual stack and a long class path.
        options.add("-Xss16m");
        Optional.ofNullable(System.getProperty(DecoderTeam.MODELS)).ifPresent(folder -> {
            options.add("-D" + DecoderTeam.MODELS + "=" + folder);
            // llama.cpp's loader deletes whatever in the temporary folder is called like itself.
            options.add("-Djava.io.tmpdir=" + folder);
        });
        if (this == PYTORCH_MKL || this == BOUND_MKL || this == FAMILIES_PYTORCH_MKL) {
            options.add("-Dorg.bytedeco.openblas.load=mkl");
        }
        options.add("-Dorg.bytedeco.javacpp.maxbytes=" + bytes);
        options.add("-Dorg.bytedeco.javacpp.maxphysicalbytes=14G");
        return options;
    }
}
