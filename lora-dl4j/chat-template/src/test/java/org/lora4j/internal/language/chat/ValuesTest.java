/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ValuesTest {

    private static final Budget BUDGET = new Budget(Long.MAX_VALUE, Long.MAX_VALUE);

    private static int compare(Object a, Object b) {
        return Integer.signum(Values.compare(a, b, BUDGET));
    }

    /** Integers and reals close to each other, where a conversion to reals or integers would make them equal. */
    private static List<Object> numbers(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Object> all = new ArrayList<>(List.of(0L, 0.0, -0.0, 0.5, -0.5, Double.NaN, Double.POSITIVE_INFINITY));
        all.addAll(
                List.of(Double.NEGATIVE_INFINITY, Long.MAX_VALUE, Long.MIN_VALUE, 0x1p63, -0x1p63, Double.MIN_VALUE));
        for (int power : List.of(1, 52, 53, 54, 62, 63, 64, 70)) {
            for (int i = 0; i < 4; i++) {
                BigInteger integer =
                        BigInteger.ONE.shiftLeft(power).add(BigInteger.valueOf(random.nextLong(-2000, 2000)));
                all.add(Import.integer(integer));
                all.add(Import.integer(integer.negate()));
                all.add(integer.doubleValue());
                all.add(Math.nextUp(-integer.doubleValue()));
            }
        }
        return all;
    }

    private static BigDecimal exact(Object number) {
        return number instanceof Double real ? new BigDecimal(real) : new BigDecimal(number.toString());
    }

    private static boolean isFinite(Object number) {
        return !(number instanceof Double real) || Double.isFinite(real);
    }

    @Test
    void integersAndReals_areComparedByTheirExactValues() {
        List<Object> all = numbers(1);
        for (Object a : all) {
            for (Object b : all) {
                if (isFinite(a) && isFinite(b)) {
                    assertThat(compare(a, b)).as("%s, %s", a, b).isEqualTo(exact(a).compareTo(exact(b)));
                    assertThat(Values.equal(a, b, BUDGET)).as("%s, %s", a, b).isEqualTo(compare(a, b) == 0);
                }
            }
        }
    }

    @Test
    void order_isTotal_andWhatIsNoNumberComesLast() {
        List<Object> all = numbers(2);
        List<List<Object>> contradictions = new ArrayList<>();
        for (Object a : all) {
            for (Object b : all) {
                assertThat(compare(a, b)).as("%s, %s", a, b).isEqualTo(-compare(b, a));
                for (Object c : all) {
                    if (compare(a, b) <= 0 && compare(b, c) <= 0 && compare(a, c) > 0) {
                        contradictions.add(List.of(a, b, c));
                    }
                }
            }
        }
        assertThat(contradictions).isEmpty();
        assertThat(all).allMatch(each -> each.equals(Double.NaN) || compare(each, Double.NaN) < 0);
    }

    /** Long enough that the sort of the JDK notices an order that contradicts itself. */
    @Test
    void sort_ofLargeNumbers_hasNoContradiction() {
        SplittableRandom random = new SplittableRandom(3);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            List<Object> some = numbers(i % 5);
            all.add(some.get(random.nextInt(some.size())));
        }

        all.sort(ValuesTest::compare);

        for (int i = 1; i < all.size(); i++) {
            assertThat(compare(all.get(i - 1), all.get(i))).isNotPositive();
        }
    }

    @Test
    void reals_areSpelledByTheFewestDigits() {
        assertThat(Values.repr(0.1)).isEqualTo("0.1");
        assertThat(Values.repr(2e-3)).isEqualTo("0.002");
        assertThat(Values.repr(0x1p-44)).isEqualTo("5.684341886080802e-14");
        assertThat(Values.repr(0x1p-489)).isEqualTo("6.256509672447191e-148");
        assertThat(Values.repr(Double.MIN_VALUE)).isEqualTo("5e-324");
    }
}
