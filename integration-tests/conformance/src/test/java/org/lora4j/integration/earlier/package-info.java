/* SPDX-License-Identifier: Apache-2.0 */
/** Files that earlier versions of the library wrote: they open, and give the numbers that they gave then. */
package org.lora4j.integration.earlier;
