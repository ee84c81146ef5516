//! Money without floats: exact decimal numbers as they are written, and cents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most digits after the point. Discounts that once were floats have 17.
const FRACTION_DIGITS_MAX: usize = 18;

/// A decimal number that is not negative, exactly as it was written: `12`, `9.80`, `0.05000000074505806`.
///
/// Sums and products are exact; nothing is rounded before [`Decimal::to_cents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Decimal {
    digits: i128,
    /// How many of the digits stand after the point.
    scale: u32,
}

/// The text is not a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number such as 12.50, with at most {FRACTION_DIGITS_MAX} digits after the point")]
pub(crate) struct NotDecimal;

/// The result of a calculation has more digits than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large to be calculated exactly")]
pub(crate) struct Overflow;

impl Decimal {
    /// One.
    pub(crate) const ONE: Self = Self { digits: 1, scale: 0 };

    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Result<Self, Overflow> {
        let scale = self.scale.max(other.scale);
        let digits = self.at_scale(scale)?.checked_add(other.at_scale(scale)?).ok_or(Overflow)?;
        Ok(Self { digits, scale })
    }

    /// What is left when `other` is taken off. It may be negative.
    pub(crate) fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.plus(Self { digits: -other.digits, scale: other.scale })
    }

    /// The product of both.
    pub(crate) fn times(self, other: Self) -> Result<Self, Overflow> {
        let (one, other) = (self.shortest(), other.shortest());
        let digits = one.digits.checked_mul(other.digits).ok_or(Overflow)?;
        Ok(Self { digits, scale: one.scale + other.scale })
    }

    /// The amount in cents, half a cent rounded up.
    pub(crate) fn to_cents(self) -> Result<Cents, Overflow> {
        let cents = if self.scale <= 2 {
            self.at_scale(2)?
        } else {
            let unit = power_of_ten(self.scale - 2)?;
            self.digits.checked_add(unit / 2).ok_or(Overflow)?.div_euclid(unit)
        };
        i64::try_from(cents).map(Cents).map_err(|_| Overflow)
    }

    /// Whether it is below zero, as only the result of a subtraction can be.
    pub(crate) fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// Whether it needs no more than two digits after the point.
    pub(crate) fn is_whole_cents(self) -> bool {
        self.shortest().scale <= 2
    }

    fn at_scale(self, scale: u32) -> Result<i128, Overflow> {
        self.digits.checked_mul(power_of_ten(scale.saturating_sub(self.scale))?).ok_or(Overflow)
    }

    /// The same number without zeros at its end, so that factors such as `0.1500000000` stay small.
    fn shortest(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl From<u32> for Decimal {
    fn from(number: u32) -> Self {
        Self { digits: number.into(), scale: 0 }
    }
}

impl FromStr for Decimal {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > FRACTION_DIGITS_MAX {
            return Err(NotDecimal);
        }
        let (whole, fraction) = if text.contains('.') { (whole, fraction) } else { (whole, "") };
        let digits = format!("{whole}{fraction}").parse().map_err(|_| NotDecimal)?;
        Ok(Self { digits, scale: u32::try_from(fraction.len()).map_err(|_| NotDecimal)? })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(unit) = 10_i128.checked_pow(self.scale).filter(|_| self.scale > 0) else {
            return write!(f, "{}", self.digits);
        };
        let sign = if self.digits < 0 { "-" } else { "" };
        let width = usize::try_from(self.scale).unwrap_or_default();
        write!(f, "{sign}{}.{:0width$}", (self.digits / unit).abs(), (self.digits % unit).abs())
    }
}

impl TryFrom<String> for Decimal {
    type Error = NotDecimal;

    fn try_from(text: String) -> Result<Self, NotDecimal> {
        text.parse()
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.to_string()
    }
}

fn power_of_ten(exponent: u32) -> Result<i128, Overflow> {
    10_i128.checked_pow(exponent).ok_or(Overflow)
}

/// An amount of money that somebody pays, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Cents(pub(crate) i64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", (self.0 / 100).abs(), (self.0 % 100).abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_number_is_kept_as_it_was_written() {
        for text in ["0", "12", "9.80", "0.0", "0.05000000074505806", "263.5"] {
            assert_eq!(decimal(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_plain_decimal_number_is_refused() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1,5", "1e3", " 1", "1.2.3", "x", "0.1234567890123456789"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(NotDecimal), "{text:?}");
        }
        assert_eq!("9".repeat(40).parse::<Decimal>(), Err(NotDecimal));
    }

    #[test]
    fn a_total_is_exact_until_it_is_rounded() {
        let discounted = Decimal::ONE.minus(decimal("0.05000000074505806")).unwrap();
        let total = decimal("14.4").times(Decimal::from(21)).unwrap().times(discounted).unwrap();
        assert_eq!(total.to_string(), "287.279999774694442656");
        assert_eq!(total.to_cents(), Ok(Cents(28_728)));
    }

    #[test]
    fn half_a_cent_is_rounded_up_and_less_is_not() {
        assert_eq!(decimal("1.005").to_cents(), Ok(Cents(101)));
        assert_eq!(decimal("1.0049999999").to_cents(), Ok(Cents(100)));
        assert_eq!(decimal("2000").to_cents(), Ok(Cents(200_000)));
        assert_eq!(decimal("0.1").to_cents(), Ok(Cents(10)));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_never_a_wrong_amount() {
        let large = decimal("9".repeat(30).as_str());
        assert_eq!(large.times(large), Err(Overflow));
        assert_eq!(large.to_cents(), Err(Overflow));
        assert_eq!(large.plus(decimal("0.000000000000000001")), Err(Overflow));
    }

    #[test]
    fn cents_are_shown_with_two_digits() {
        assert_eq!(Cents(200_005).to_string(), "2000.05");
        assert_eq!(Cents(-7).to_string(), "-0.07");
    }
}
