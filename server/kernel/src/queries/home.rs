//! The home folder that the file remembers.

use domain::home::HomeIdentity;

use crate::Kernel;
use crate::error::Error;
use crate::verbs::home;

impl Kernel {
    /// Returns the home whose dispatcher worked on the board last; `None` before one has started.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn remembered_home(&self) -> Result<Option<HomeIdentity>, Error> {
        let reading = self.readers.read(|conn| Ok(home::remembered(conn)?));
        reading.await
    }
}
