/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where the memory of an array lies is asked by {@code Region}, which knows where it ends, and by few others, which ask it first. */
abstract class NativeMemoryTest {

    private static final String REGION = "org.lora4j.internal.array.Region";

    /** Who else may, and why. */
    private static final Map<String, String> OTHERS = Map.ofEntries(
            Map.entry("org.lora4j.internal.array.DenseArray", "each copy asks Region.requireCopy"),
            Map.entry("org.lora4j.internal.array.Extremes", "each copy asks Region.requireCopy"),
            Map.entry("org.lora4j.quant.HalfPrecision", "each copy asks Region.requireCopy"),
            Map.entry("org.lora4j.quant.ByteValues", "each copy asks Region.requireCopy"),
            Map.entry("org.lora4j.samediff.Bfloat16Bytes", "each copy asks Region.requireCopy"),
            Map.entry("org.lora4j.quant.Tiled", "its pointer ends where the region does"),
            Map.entry("org.lora4j.internal.array.io.FloatRows", "its buffer ends where the region does"),
            Map.entry("org.lora4j.internal.language.RawTensors", "its buffer ends where the region does"),
            Map.entry("org.lora4j.internal.language.decode.Segments", "its buffers end where the region does"),
            Map.entry("org.lora4j.internal.language.decode.TableRows", "one value behind the segments of Segments"),
            Map.entry(
                    "org.lora4j.internal.cache.HostBytes",
                    "a buffer of an array of its own ends where its memory does"),
            Map.entry("org.lora4j.internal.engine.plan.Arena", "places arrays in memory of its own"),
            Map.entry("org.lora4j.exec.onednn.DnnlMultiplier", "values of arrays that are operands"));

    private static final ArchRule ASKED_OF_REGION = noClasses()
            .that(describe("are neither Region nor one of " + OTHERS.keySet(), type -> !mayAsk(type)))
            .should()
            .callCodeUnitWhere(describe(
                    "asks a buffer where it lies",
                    call -> call.getTargetOwner().isAssignableTo(DataBuffer.class)
                            && call.getName().matches("pointer|opaqueBuffer|address(Pointer)?")))
            .because("shape, strides and offset of an array may say anything: use Region");

    /** Who asks a region for its address, and why nothing is freed meanwhile. */
    private static final Map<String, String> ADDRESSED = Map.ofEntries(
            Map.entry(REGION, "copies are in use until they are done"),
            Map.entry("org.lora4j.internal.onednn.DnnlCall", "regions are in use until the call is over"),
            Map.entry("org.lora4j.internal.onednn.MatrixOperand", "gives it on to the two that follow"),
            Map.entry("org.lora4j.internal.onednn.BlasProduct", "operands are in use until the product is there"),
            Map.entry("org.lora4j.exec.onednn.DnnlMultiplier", "a key of copies, which know their buffer"),
            Map.entry("org.lora4j.internal.onednn.DnnlAttention", "how far it is to a cache line"),
            Map.entry("org.lora4j.internal.language.decode.Blas", "regions are in use until the product is there"),
            Map.entry("org.lora4j.internal.adapter.SharedHashes", "a key of hashes, which knows its buffer"),
            Map.entry("org.lora4j.internal.engine.kernel.RelativeProducts", "compares two"));

    private static final ArchRule TOLD_BY_FEW = noClasses()
            .that(describe(
                    "are none of " + ADDRESSED.keySet(),
                    type -> !ADDRESSED.containsKey(type.getName().replaceFirst("\\$.*", ""))))
            .should()
            .callCodeUnitWhere(describe(
                    "asks a region for its address",
                    call -> call.getTargetOwner().getName().equals(REGION)
                            && call.getName().equals("address")))
            .because("an address keeps no memory: give native code a Region by DnnlCall, or call inUse() behind it");

    private static boolean mayAsk(JavaClass type) {
        String name = type.getName().replaceFirst("\\$.*", "");
        return name.equals(REGION) || OTHERS.containsKey(name);
    }

    /** To see that the rule notices. */
    private static final class Asks {
        long where(INDArray array) {
            return array.data().pointer().address() + array.data().address();
        }
    }

    @Test
    void memoryOfArrays_isAskedOfRegion() {
        JavaClasses main = MainClasses.ALL;

        ASKED_OF_REGION.check(main);
        assertThat(OTHERS.keySet()).allMatch(main::contain);
    }

    /** What an array lies in could be freed while native code works there, if its address were all that is left of it. */
    @Test
    void addresses_areGivenToNativeCodeByThoseWhoKeepTheMemory() {
        TOLD_BY_FEW.check(MainClasses.ALL);
        assertThat(ADDRESSED.keySet()).allMatch(MainClasses.ALL::contain);
    }

    @Test
    void rule_seesWhatAsks() {
        JavaClasses asks = new ClassFileImporter().importClasses(Asks.class);

        assertThat(ASKED_OF_REGION.evaluate(asks).getFailureReport().getDetails())
                .hasSize(2);
    }
}
